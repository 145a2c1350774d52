/**
 * What a verification says of one row, as one letter: `p` pending, `q` put aside, `o` in order, `b` given on both sides
 * and disagreeing, `m` mismatched.
 */
import { renderExpression } from '#core/analysed-sql';
import { quote } from '#core/identifier';
import {
  type BackfillPlan,
  isCopy,
  isTransform,
  type MappedColumn,
  type MappingGroup,
  type SyncedBackfillPlan,
} from '#core/plan';
import { raisedLetter, sourceLetter, targetLetter } from './verify-copy.js';

/** How the row's parts are written where the letter is computed. */
export interface RowText {
  readonly alias: string;
  column(name: string): string;
  /** SQL of a boolean: the row is in quarantine, or an operator skipped it. */
  readonly aside: string;
}

/** Groups whose values can be computed again; of the others only the marker is looked at. */
function verifiableGroups(backfill: BackfillPlan): readonly MappingGroup[] {
  return backfill.kind !== 'synced' ? [] : backfill.groups.filter((group) => group.verifiable);
}

export function isCoverageOnly(backfills: readonly BackfillPlan[]): boolean {
  return backfills.some(
    (b) => isTransform(b) || (b.kind === 'synced' && b.groups.some((group) => !group.verifiable)),
  );
}

/** Which table's rows are read: a copy has two. */
export type Side = 'source' | 'target';

export function letterOf(backfill: BackfillPlan, row: RowText, side: Side): string {
  if (isCopy(backfill)) return side === 'source' ? sourceLetter(backfill, row) : targetLetter(backfill, row);
  return backfill.kind !== 'synced'
    ? `case when (${renderExpression(backfill.where, row.column)}) then ${pendingUnlessAside(row)} else 'o' end`
    : syncedLetter(backfill, row);
}

/** The letter of a row whose expression raised. */
export function letterOfRaised(backfill: BackfillPlan, row: RowText): string {
  if (isCopy(backfill)) return raisedLetter(backfill, row);
  if (backfill.kind !== 'synced')
    return row.aside === 'false' ? `'m'` : `case when ${row.aside} then 'q' else 'm' end`;
  return `case when ${leftToApplication(backfill, row, false)} then 'b' else 'm' end`;
}

/** CASE, not OR: the mapping of a row in quarantine must not be evaluated at all, and only CASE keeps an order. */
function syncedLetter(backfill: SyncedBackfillPlan, row: RowText): string {
  const marker = row.column(backfill.marker);
  const groups = verifiableGroups(backfill);
  const judged =
    groups.length === 0
      ? []
      : [
          `when not (${allAgree(groups, marker, row)}) then`,
          `  case when ${leftToApplication(backfill, row, true)} then 'b' else 'm' end`,
        ];
  return [
    'case',
    `when ${marker} = 'q' then 'q'`,
    // Writes of old deploys make rows pending at any time: the catch-up takes them, and the gate counts them by their index.
    ...(isTransform(backfill) ? [] : [`when ${marker} = 'p' then ${pendingUnlessAside(row)}`]),
    ...judged,
    `else 'o'`,
    'end',
  ].join('\n');
}

function pendingUnlessAside({ aside }: RowText): string {
  return aside === 'false' ? `'p'` : `(case when ${aside} then 'q' else 'p' end)`;
}

/**
 * Given on both sides; or given on the new side where no reverse exists for what disagrees. With several groups the
 * marker holds the strongest letter of all, so `r` may stand for another group than the one that disagrees.
 */
function leftToApplication(backfill: SyncedBackfillPlan, row: RowText, evaluate: boolean): string {
  const marker = row.column(backfill.marker);
  const reversed = verifiableGroups(backfill).filter((group) => group.backward.length > 0);
  if (reversed.length === 0) return `${marker} in ('b', 'r')`;
  if (!evaluate || reversed.length === verifiableGroups(backfill).length) return `${marker} = 'b'`;
  return `${marker} = 'b' or (${marker} = 'r' and ${allAgree(reversed, marker, row)})`;
}

function allAgree(groups: readonly MappingGroup[], marker: string, row: RowText): string {
  return groups.map((group) => agrees(group, marker, row)).join('\n  and ');
}

/** The side that was written is computed from last: `f` of a value that only the new side could express may raise. */
function agrees(group: MappingGroup, marker: string, row: RowText): string {
  const forward = sameImages(group.forward, row);
  if (group.backward.length === 0) return forward;
  const backward = sameImages(group.backward, row);
  return [
    `(case when ${marker} = 'r'`,
    `  then case when ${backward} then true else ${forward} end`,
    `  else case when ${forward} then true else ${backward} end`,
    '  end)',
  ].join('\n');
}

/** Images: citext 'ann' and 'Ann', 1.0 and 1.00, are equal to their types and still different data. */
export function sameImages(columns: readonly MappedColumn[], row: Pick<RowText, 'column'>): string {
  return imagesEqual(columns, row.column, row);
}

/** The same where the stored values are in another row, by its alias. */
export function sameAsComputed(columns: readonly MappedColumn[], stored: string, row: RowText): string {
  return imagesEqual(columns, (name) => `${stored}.${quote(name)}`, row);
}

function imagesEqual(
  columns: readonly MappedColumn[],
  storedAs: (name: string) => string,
  row: Pick<RowText, 'column'>,
): string {
  const stored = columns.map((c) => storedAs(c.name)).join(', ');
  const computed = columns
    .map((c) => `(${renderExpression(c.expression, row.column)})::${c.type}`)
    .join(', ');
  return `pg_catalog.record_image_eq(row(${stored}), row(${computed}))`;
}

/** Over the alias `t`. */
export function overAlias(aside: string): RowText {
  return { alias: 't', column: (name) => `t.${quote(name)}`, aside };
}

/** A purge, and what deleting rows does to those that refer to them. */
import type { ReferenceFacts, TableFacts } from '#core/catalogue-facts';
import { RefusedError } from '#core/errors';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { Notice } from '#core/plan';

/** 8 MB: to look through less for each deleted row is slow, but ends. */
const SMALL_BLOCKS = 1_024;

/** Each deleted row is looked for in the tables that refer to it, which without an index reads them from end to end. */
export function refuseUnindexed({ table, referencedBy }: TableFacts): void {
  const slow = referencedBy.find((key) => !key.indexed && key.blocks > SMALL_BLOCKS);
  if (slow === undefined) return;
  const from = displayTable(slow.table);
  throw new RefusedError({
    what: `Rows of ${displayTable(table)} cannot be purged: ${slow.name} of ${from} has no index.`,
    why: `For each row that is deleted PostgreSQL would read the whole of ${from}, with the row's lock held.`,
    next: `create index concurrently on ${quoteTable(slow.table)} (${slow.columns.map(quote).join(', ')}), or a migration with createIndex before this one.`,
  });
}

/** Foreign keys are triggers too: skipped, they would leave rows that point nowhere. */
export function refuseSkippedKeys({ table, referencedBy }: TableFacts): void {
  const [key] = referencedBy;
  if (key === undefined) return;
  throw new RefusedError({
    what: `Triggers cannot be skipped: ${key.name} of ${displayTable(key.table)} refers to ${displayTable(table)}.`,
    why: 'Foreign keys are triggers too; skipping them would leave rows that point nowhere.',
    next: "Say `triggers: 'fire'` in the backfill.",
  });
}

export function aboutPurge({ table, referencedBy }: TableFacts): readonly Notice[] {
  const name = displayTable(table);
  const final: Notice = {
    code: 'purge',
    level: 'warning',
    text: `Rows of ${name} are deleted for good: no rollback brings them back. Those that become due after the walk are left.`,
  };
  return [final, ...referencedBy.map((key) => aboutReference(key))];
}

function aboutReference({ name, table, columns, onDelete, indexed }: ReferenceFacts): Notice {
  const from = displayTable(table);
  const scanned = indexed ? '' : ' It has no index, so each deleted row reads the whole (small) table.';
  return {
    code: 'purge_reference',
    level: 'warning',
    text: `${from} (${columns.join(', ')}) refers by ${name}: ${EFFECTS[onDelete]}.${scanned}`,
  };
}

const EFFECTS: Readonly<Record<ReferenceFacts['onDelete'], string>> = {
  cascade: 'its rows are deleted with them, in the same batch, and its triggers run',
  'set null': 'its rows get NULL, in the same batch, and its triggers run',
  'set default': 'its rows get their default, in the same batch, and its triggers run',
  restrict: 'a row that it still refers to goes to quarantine and holds the gate',
  'no action': 'a row that it still refers to goes to quarantine and holds the gate',
};

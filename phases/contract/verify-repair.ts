/** Puts mismatched rows right, where that can be done without guessing which side is the true one. */
import { renderExpression } from '#core/analysed-sql';
import type { ServerFacts } from '#core/catalogue-facts';
import { quote, quoteTable } from '#core/identifier';
import {
  type BackfillPlan,
  type CopyPlan,
  isCopy,
  type MappingGroup,
  type SyncedBackfillPlan,
} from '#core/plan';
import { classify } from '#core/sqlstate';
import type { Database } from '#ports';
import { batchLimits } from '../backfill/limits.js';
import { waitingName } from '../expand/copied-row.js';
import { ANNOUNCE, MARKER } from '../expand/marker.js';
import type { Target, WrongRow } from './verify-chunk.js';
import { sameImages } from './verify-letter.js';

export interface Repaired {
  /** Rows written on the new side whose old side was computed again. */
  readonly recomputed: number;
  /** Rows written on the old side that went back to pending: the next sweep fills them. */
  readonly returned: number;
  /** Rows that were changed meanwhile, or that cannot be put right without losing one of their sides. */
  readonly left: number;
}
export const NOTHING_REPAIRED: Repaired = { recomputed: 0, returned: 0, left: 0 };

/** Few, because their locks are held together. */
const ROWS = 100;

export async function repairRows(
  database: Database,
  server: ServerFacts,
  target: Target,
  rows: readonly WrongRow[],
): Promise<Repaired> {
  const { backfill } = target;
  if (isCopy(backfill) && target.side === 'source') {
    const send = (some: readonly WrongRow[]) =>
      update(database, server, backfill, noteText(target, backfill), some);
    const returned = await inBatches(rows, send);
    return { ...NOTHING_REPAIRED, returned, left: rows.length - returned };
  }
  if (backfill.kind !== 'synced') return { ...NOTHING_REPAIRED, left: rows.length };
  const fromNew = rows.filter((row) => row.marker === MARKER.fromNew);
  const fromOld = rows.filter((row) => row.marker === MARKER.fromOld || row.marker === MARKER.backfilled);
  const send = (text: string, some: readonly WrongRow[]) => update(database, server, backfill, text, some);
  const returned = await inBatches(fromOld, (some) => send(returnText(target, backfill), some));
  const recompute = recomputeText(target, backfill);
  const recomputed = recompute === null ? 0 : await inBatches(fromNew, (some) => send(recompute, some));
  return { recomputed, returned, left: rows.length - returned - recomputed };
}

async function inBatches(
  rows: readonly WrongRow[],
  send: (some: readonly WrongRow[]) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (let at = 0; at < rows.length; at += ROWS) sum += await send(rows.slice(at, at + ROWS));
  return sum;
}

/** A batch that fails is sent row by row, and a row that fails alone (locked, its mapping raises) is left as it is. */
async function update(
  database: Database,
  server: ServerFacts,
  backfill: BackfillPlan,
  text: string,
  rows: readonly WrongRow[],
): Promise<number> {
  const values = [rows.map((row) => row.tid), rows.map((row) => row.xmin)];
  const limits = { ...batchLimits(server, backfill.triggers), synchronousCommit: true };
  try {
    return (await database.transaction(limits, (tx) => tx.query(text, values))).length;
  } catch (error) {
    const { action } = classify(error);
    if (action !== 'quarantine' && action !== 'retry' && action !== 'split') throw error;
    if (rows.length === 1) return 0;
    let sum = 0;
    for (const row of rows) sum += await update(database, server, backfill, text, [row]);
    return sum;
  }
}

/** Address and xmin name one version of a row: one that was written since it was judged is not touched. */
function updateText({ leaf }: Target, set: string, where: string): string {
  return `update only ${quoteTable(leaf.table)} as t
set ${set}
from unnest($1::tid[], $2::xid[]) as seen (tid, xmin)
where t.ctid = any ($1::tid[])
  and t.ctid = seen.tid
  and t.xmin = seen.xmin
  and ${where}
returning 1`;
}

/** The source has the last word: the catch-up copies the row anew. */
function noteText({ leaf }: Target, { waiting, key }: CopyPlan): string {
  return `insert into ${quoteTable(waiting)} (${key.map((_, i) => waitingName(i)).join(', ')})
select ${key.map((k) => `t.${quote(k.source.name)}`).join(', ')}
from only ${quoteTable(leaf.table)} as t
join unnest($1::tid[], $2::xid[]) as seen (tid, xmin) on t.ctid = seen.tid and t.xmin = seen.xmin
where t.ctid = any ($1::tid[])
returning 1`;
}

function returnText(target: Target, backfill: SyncedBackfillPlan): string {
  const marker = quote(backfill.marker);
  return updateText(
    target,
    `${marker} = '${ANNOUNCE.pending}'`,
    `t.${marker} in ('${MARKER.backfilled}', '${MARKER.fromOld}')`,
  );
}

/**
 * Old := g(new), as an ordinary update: the sync trigger then computes the new side from it once more. So it may be done
 * only where f(g(new)) is what stands there, else the trigger would overwrite the side that is the true one. With several
 * groups the marker does not say which of them was written on its new side: those rows are left.
 */
function recomputeText(target: Target, backfill: SyncedBackfillPlan): string | null {
  const [group, ...others] = backfill.groups;
  if (group === undefined || others.length > 0 || group.backward.length === 0) return null;
  const plain = (name: string) => `t.${quote(name)}`;
  const set = group.backward.map((c) => `${quote(c.name)} = (${renderExpression(c.expression, plain)})`);
  return updateText(
    target,
    set.join(',\n  '),
    `t.${quote(backfill.marker)} = '${MARKER.fromNew}'\n  and ${comesBack(group, plain)}`,
  );
}

/** f over the values that g gives, compared with what is stored. */
function comesBack(group: MappingGroup, plain: (name: string) => string): string {
  const reversed = new Map(
    group.backward.map((c) => [c.name, `((${renderExpression(c.expression, plain)})::${c.type})`]),
  );
  const forward = new Set(group.forward.map((c) => c.name));
  const over = group.forward.map((c) => ({
    ...c,
    expression: {
      ...c.expression,
      parts: c.expression.parts.map((part) =>
        typeof part === 'string' || forward.has(part.column)
          ? part
          : (reversed.get(part.column) ?? plain(part.column)),
      ),
    },
  }));
  return sameImages(over, { column: plain });
}

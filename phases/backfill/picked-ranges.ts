/**
 * Few rows of a large table, found by an index that serves the backfill's `where`: the walk then goes from row to row and
 * reads nothing else of the table.
 */
import { type AnalysedExpression, renderExpression } from '#core/analysed-sql';
import { quote, quoteTable } from '#core/identifier';
import { type BackfillPlan, isCopy } from '#core/plan';
import type { Database, Session } from '#ports';
import { isPending } from './batch-rows.js';
import type { Leaf } from './leaves.js';
import type { PlannedRange } from './planned-range.js';
import { troubleOf } from './trouble.js';

/** Below this, reading all blocks costs less than looking. */
const LARGE_BLOCKS = 1_024;
/** What is found is kept with the ranges: 6 bytes a row. */
const MOST_ROWS = 200_000;
const RANGE_ROWS = 4_096;
const LIMIT_MS = 30_000;

/**
 * Null where blocks are to be walked: no index serves, the rows are many, or they could not be told in time (an expression
 * that raises is for the walk, which knows how to put a row aside).
 */
export async function pickedRanges(
  database: Database,
  backfill: BackfillPlan,
  leaf: Leaf,
): Promise<readonly PlannedRange[] | null> {
  const where = conditionOf(backfill);
  if (where === null) return null;
  const limits = { readOnly: true, rowSecurity: false, statementTimeoutMs: LIMIT_MS };
  try {
    const tids = await database.transaction(limits, (tx) => pick(tx, backfill, where, leaf));
    return tids === null ? null : splitPicked(leaf, tids);
  } catch (error) {
    if (troubleOf(error).kind === 'connection') throw error;
    return null;
  }
}

async function pick(
  tx: Session,
  backfill: BackfillPlan,
  where: AnalysedExpression,
  leaf: Leaf,
): Promise<readonly string[] | null> {
  if (!isPicked(await explainWhere(tx, where, leaf), leaf.blocks)) return null;
  // A copy leaves the condition true: its sweep would go through all rows again.
  const rest = isCopy(backfill) ? `\n  and ${isPending({ backfill, leaf: leaf.table })}` : '';
  const found = await tx.query<{ tid: string }>(`${whereRows(where, leaf)}${rest}\nlimit ${MOST_ROWS + 1}`);
  return found.length > MOST_ROWS ? null : found.map((row) => row.tid);
}

/** In heap order: a batch then reads each block once. */
export function splitPicked(leaf: Leaf, tids: readonly string[]): readonly PlannedRange[] {
  const sorted = [...tids].sort((a, b) => address(a) - address(b));
  const count = Math.max(1, Math.ceil(sorted.length / RANGE_ROWS));
  return Array.from({ length: count }, (_, i) => {
    const lo = i * RANGE_ROWS;
    const some = sorted.slice(lo, lo + RANGE_ROWS);
    return { leaf, kind: 'picked', lo, hi: lo + some.length, rowsExpected: some.length, tids: some };
  });
}

/** `(block,item)` as one number: fewer than 65,536 items are on a page, and 2^32 blocks in a leaf. */
function address(tid: string): number {
  const [block, item] = tid.slice(1, -1).split(',').map(Number);
  return (block ?? 0) * 65_536 + (item ?? 0);
}

/** What says of a row, from its columns, whether it is to be done; null: all are, or a marker says so. */
export function conditionOf(backfill: BackfillPlan): AnalysedExpression | null {
  return backfill.kind === 'synced' ? null : backfill.where;
}

/** The rows that it is true of, by their addresses. As written: no index serves `… is true`. */
export function whereRows(where: AnalysedExpression, { table }: Pick<Leaf, 'table'>): string {
  const condition = renderExpression(where, (name) => `t.${quote(name)}`);
  return `select t.ctid::text as tid from ${quoteTable(table)} as t where (${condition})`;
}

export interface WhereAccess {
  /** The index that the planner would find the rows by; null: it would read the table. */
  readonly index: string | null;
  /** How many rows it expects. */
  readonly rows: number;
}

/** @param blocks of what holds the rows. */
export function isPicked({ index, rows }: WhereAccess, blocks: number): boolean {
  return index !== null && rows <= MOST_ROWS && blocks >= LARGE_BLOCKS;
}

/** What the planner says of a `where`: nothing is read. */
export async function explainWhere(
  session: Session,
  where: AnalysedExpression,
  leaf: Pick<Leaf, 'table'>,
): Promise<WhereAccess> {
  const rows = await session.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
    `explain (format json) ${whereRows(where, leaf)}`,
  );
  const top = rows[0]?.['QUERY PLAN'][0]?.Plan;
  if (top === undefined) return { index: null, rows: 0 };
  const nodes = flatten(top);
  const reads = nodes.some((node) => node['Node Type'].includes('Seq Scan'));
  const index = nodes.map((node) => node['Index Name']).find((name) => name !== undefined) ?? null;
  return { index: reads ? null : index, rows: top['Plan Rows'] };
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

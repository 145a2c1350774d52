/** The batch of a backfill as `plan` shows it: its statement, and how its rows are found. */
import type { PlanView } from '#api';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { BackfillPlan } from '#core/plan';
import { renderBatches } from '#phases/backfill/batch';
import { conditionOf, explainWhere, isPicked, whereRows } from '#phases/backfill/picked-ranges';
import { primaryKeyOf } from '#phases/backfill/start-facts';
import type { Database } from '#ports';
import type { Context } from './context.js';

type BatchView = PlanView['batches'][number];
type Found = Pick<BatchView, 'access' | 'explain'>;

/** @param runId as the names of marker and triggers carry it. */
export async function batchView(
  { database }: Pick<Context, 'database'>,
  backfill: BackfillPlan,
  runId: number,
): Promise<BatchView> {
  const { leafOid, blocks } = await relation(database, backfill);
  const primaryKey = await primaryKeyOf(database, leafOid);
  const target = { runId, leaf: backfill.table, leafOid, backfill, primaryKey };
  const { direct } = renderBatches({ ...target, access: { kind: 'blocks' } });
  const found = await find(database, backfill, primaryKey, blocks);
  return { table: displayTable(backfill.table), sql: direct, ...found };
}

async function relation(database: Database, { table }: BackfillPlan) {
  const [row] = await database.query<{ oid: number; blocks: number }>(
    `select
      to_regclass($1)::oid::bigint as oid,
      (
        select sum(pg_relation_size(c.oid) / current_setting('block_size')::bigint)
        from (select to_regclass($1)::oid as oid union select relid::oid from pg_partition_tree(to_regclass($1))) as c
      ) as blocks`,
    [quoteTable(table)],
  );
  return { leafOid: Number(row?.oid ?? 0), blocks: Number(row?.blocks ?? 0) };
}

/** The marker is not there yet, and neither need be a column that a `where` reads: what cannot be explained is left out. */
async function find(
  database: Database,
  backfill: BackfillPlan,
  primaryKey: readonly string[],
  blocks: number,
): Promise<Found> {
  const from = quoteTable(backfill.table);
  const explain = async (text: string) => {
    const rows = await database.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`);
    return rows.map((row) => row['QUERY PLAN']);
  };
  if (backfill.order === 'newest first') {
    const order = primaryKey.map((name) => `${quote(name)} desc`).join(', ');
    return {
      access: `down the primary key (${primaryKey.join(', ')}), newest first`,
      explain: await explain(`select 1 from ${from} order by ${order} limit 1000`),
    };
  }
  const inBlocks = `select 1 from ${from} where ctid >= '(0,0)' and ctid < '(128,0)'`;
  const condition = conditionOf(backfill);
  const where = condition && (await explainWhere(database, condition, backfill).catch(() => null));
  if (condition === null || where === null) return { access: ALL, explain: await explain(inBlocks) };
  const matching = `about ${where.rows.toLocaleString('en')} rows match`;
  if (isPicked(where, blocks)) {
    return {
      access: `by the index ${where.index}, and nothing else of the table is read: ${matching}`,
      explain: await explain(whereRows(condition, backfill)),
    };
  }
  const why = where.index === null ? ', since no index serves `where`' : '';
  return { access: `${ALL}${why}; ${matching}`, explain: await explain(inBlocks) };
}

const ALL = 'block by block, through the whole table';

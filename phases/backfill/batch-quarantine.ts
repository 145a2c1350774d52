/** Puts one row into quarantine, under the fence of a batch: the rows that a batch cannot write are found one by one. */
import { literal, quote, quoteTable } from '#core/identifier';
import { isCopy } from '#core/plan';
import type { BatchSql, BatchTarget } from './batch.js';
import { isPending, keyOf } from './batch-rows.js';

export function renderQuarantine(
  target: BatchTarget,
  fence: string,
): Pick<BatchSql, 'quarantineMarked' | 'quarantineOnly'> {
  const { backfill } = target;
  return {
    quarantineMarked: backfill.kind === 'synced' ? marked(target, fence, backfill.marker) : null,
    quarantineOnly: untouched(target, fence),
  };
}

function marked(target: BatchTarget, fence: string, marker: string): string {
  const row = `row_found as (
  update ${quoteTable(target.leaf)} as t
  set ${quote(marker)} = 'Q'
  where t.ctid = $6::tid
    and ${isPending(target)}
    and exists (select from fence)
  returning ${keyOf(target)} as row_key
)`;
  return [fence, row, quarantined(target)].join(',\n') + QUARANTINE_RESULT;
}

function untouched(target: BatchTarget, fence: string): string {
  const row = `row_found as (
  select ${keyOf(target)} as row_key
  from ${quoteTable(target.leaf)} as t
  where t.ctid = $6::tid
    and ${isPending(target)}
    and exists (select from fence)
)`;
  return [fence, row, quarantined(target)].join(',\n') + QUARANTINE_RESULT;
}

/** A copy's rows are shown under the name of their table, also where they are keys that wait. */
function quarantined({ backfill }: BatchTarget): string {
  const { schema, name } = backfill.table;
  const table = isCopy(backfill)
    ? `${literal(schema)}, ${literal(name)}`
    : 'fence.leaf_schema, fence.leaf_table';
  return `quarantined as (
  insert into bellows.quarantine (run_id, backfill, leaf, leaf_schema, leaf_table, row_key, sqlstate, reason)
  select fence.run_id, fence.backfill, fence.leaf, ${table}, row_found.row_key, $7, $8
  from fence
  cross join row_found
  on conflict (run_id, backfill, leaf, row_key) where state <> 'retried' do nothing
)`;
}

const QUARANTINE_RESULT = `
select
  (select count(*) from fence)::integer as fenced,
  (select count(*) from row_found)::integer as found`;

/**
 * The batch statement. One statement holds fence, data and ledger, so that they commit together or not at all, and so
 * that statement_timeout bounds the time from the first row lock to the commit.
 *
 * Parameters of every shape: $1 range, $2 cursor as the walker knows it, $3 epoch, $4 holder, $5 the new cursor.
 */
import { literal, quoteTable, type TableName } from '#core/identifier';
import type { BackfillPlan } from '#core/plan';
import { type Access, spanText } from './access.js';
import { renderQuarantine } from './batch-quarantine.js';
import { change, isPending, isPendingOrRefused, isRefused, keyOf, notQuarantined } from './batch-rows.js';
import { LIVE_SECONDS, WALKED } from './claim.js';
import { copyParts } from './copy/copied-rows.js';
import { strideText } from './strides.js';
import { givenRows } from './transform/given-rows.js';
import { sourceRows } from './transform/source-rows.js';

export interface BatchTarget {
  readonly runId: number;
  readonly leaf: TableName;
  readonly leafOid: number;
  readonly backfill: BackfillPlan;
  /** Columns of the leaf's primary key; empty where it has none. */
  readonly primaryKey: readonly string[];
  readonly access: Access;
}

export interface BatchSql {
  /** The walk's shape; the values of its span from $6 on. */
  readonly direct: string;
  /** Waits for no row lock, leaves quarantined rows alone, counts what it leaves; $6 and on as above. */
  readonly careful: string;
  /** The same for one turn of the span; its blocks, and its stride, are $6 to $8. Null where strides bring nothing. */
  readonly strided: Pick<BatchSql, 'direct' | 'careful' | 'source'> | null;
  /** As `careful` over the tuple ids in $6. */
  readonly rows: string;
  /** Rows that a transform gave: addresses in $6, $7 the new key where keys are walked, then what `encode` makes. Null: no transform. */
  readonly given: { readonly direct: string; readonly careful: string } | null;
  /** Rows of a span with what a transform reads; the span's values from $1 on; needs no fence. Null as above. */
  readonly source: string | null;
  /** Moves the cursor and nothing else; $6 rows are left behind; $7 the new key where keys are walked. */
  readonly close: string;
  /** Tuple ids of a span that are still to be done; the span's values from $1 on; needs no fence. */
  readonly pending: string;
  /** Puts the row with tuple id $6 into quarantine and marks it; $7 SQLSTATE, $8 reason. Null for a plain backfill. */
  readonly quarantineMarked: string | null;
  /** The same, without touching the row. */
  readonly quarantineOnly: string;
}

export function renderBatches(target: BatchTarget): BatchSql {
  const { access } = target;
  const moving = access.kind === 'keys' ? fence(target, BY_KEY) : fence(target);
  const span = spanText(access, 6);
  const parts = givenRows(target);
  const whole = (middle: readonly string[]) => [moving, ...middle, LEDGER].join(',\n') + RESULT;
  const given = parts && { direct: whole(parts.direct), careful: whole(parts.careful) };
  return {
    // Where a transform fills the columns there is no other way to write them.
    direct: given?.direct ?? direct(target, moving, span),
    strided: strided(target, moving, given),
    careful: given?.careful ?? careful(target, moving, span),
    rows: given?.careful ?? careful(target, fence(target), spanText({ kind: 'picked', tids: [] }, 6)),
    given,
    source: sourceRows(target, spanText(access, 1), notQuarantined(target)),
    close: whole(['counted as (select 0 as rows, $6::integer as locked, 0 as suppressed)']),
    pending: pendingRows(target),
    ...renderQuarantine(target, fence(target)),
  };
}

/** A purge and a copy write no new version of a row. */
function strided(target: BatchTarget, moving: string, given: BatchSql['given']): BatchSql['strided'] {
  const { access, backfill } = target;
  if (access.kind !== 'blocks' || (backfill.kind !== 'plain' && backfill.kind !== 'synced')) return null;
  const stride = (first: number) => `${spanText(access, first)}\n    and ${strideText(first + 2)}`;
  return {
    direct: given?.direct ?? direct(target, moving, stride(6)),
    careful: given?.careful ?? careful(target, moving, stride(6)),
    source: sourceRows(target, stride(1), notQuarantined(target)),
  };
}

interface Advance {
  /** SQL of a boolean: the range ends with this batch. */
  readonly ends: string;
  /** Further columns that the batch moves. */
  readonly sets: readonly string[];
}
const BY_POSITION: Advance = { ends: '$5::bigint >= r.hi', sets: [] };

/**
 * A range of keys ends at its key: its `hi` is a guess, put right as the walk goes. A statement that leaves the position
 * where it is leaves the key there too.
 */
const AT_LAST_KEY = '($5::bigint > r.cursor and $7::text[] is not distinct from r.key_to)';
const BY_KEY: Advance = {
  ends: AT_LAST_KEY,
  sets: [
    `hi = case when ${AT_LAST_KEY} then $5::bigint else greatest(r.hi, $5::bigint + 1) end`,
    'key_cursor = case when $5::bigint > r.cursor then $7::text[] else r.key_cursor end',
  ],
};

/**
 * The batches before this one are added to the totals that a look reads; its own count is not known yet. Their ids grow in
 * the order of their commits, since each takes its id with the range's row locked. Where a batch is not seen, because it was
 * committed while this statement waited for that row, its id is beyond `summed_to`, and the next statement adds it.
 */
const ADD_UP = `(rows_moved, rows_left, summed_to) = (
      select
        r.rows_moved + coalesce(sum(b.rows), 0), r.rows_left + coalesce(sum(b.left_behind), 0),
        coalesce(max(b.id), r.summed_to)
      from bellows.batches b
      where b.range_id = r.id
        and b.id > r.summed_to
    )`;

/**
 * The fence lets the batch through once: same cursor, epoch and holder, run still backfilling. The leaf must also be the
 * relation and the file node that was planned: the statement's own lock on the leaf, taken before it runs, keeps a
 * rewrite out from then on.
 */
function fence({ leaf }: BatchTarget, { ends, sets }: Advance = BY_POSITION): string {
  return `with fence as (
  update bellows.ranges r
  set
    ${['cursor = $5::bigint', ...sets, ADD_UP].join(',\n    ')},
    state = case when ${ends} then 'done' else 'open' end,
    holder = case when ${ends} then null else r.holder end,
    finished_at = case when ${ends} then clock_timestamp() end,
    beat_at = clock_timestamp()
  where r.id = $1::bigint
    and r.cursor = $2::bigint
    and r.epoch = $3::bigint
    and r.holder = $4::uuid
    and r.state = 'open'
    and r.leaf = ${literal(quoteTable(leaf))}::regclass
    and r.filenode = pg_relation_filenode(r.leaf)
    and exists (select from bellows.runs where runs.id = r.run_id and runs.state_kind in ${WALKED})
  returning r.id, r.run_id, r.backfill, r.leaf, r.leaf_schema, r.leaf_table, r.state
)`;
}

const LEDGER = `ledger as (
  insert into bellows.batches (run_id, range_id, lo, hi, rows, left_behind, milliseconds)
  select
    fence.run_id, fence.id, $2::bigint, $5::bigint, counted.rows, counted.locked + counted.suppressed,
    extract(epoch from clock_timestamp() - statement_timestamp()) * 1000
  from fence
  cross join counted
  returning run_id, range_id, rows
)`;

/** The knobs come back with every batch, so a change works at the next one and costs no round trip. */
const RESULT = `
select
  ledger.rows,
  counted.locked,
  counted.suppressed,
  (select state from fence) = 'done' as done,
  runs.pace,
  (
    select count(*)::integer
    from bellows.ranges o
    where o.run_id = ledger.run_id
      and o.holder is not null
      and o.state = 'open'
      and o.beat_at >= clock_timestamp() - ${LIVE_SECONDS} * interval '1 s'
      and o.id < ledger.range_id
  ) as rank
from ledger
cross join counted
join bellows.runs on runs.id = ledger.run_id`;

function direct(target: BatchTarget, moving: string, span: string): string {
  const copied = copyParts(target)?.direct(span);
  if (copied !== undefined) return [moving, ...copied, LEDGER].join(',\n') + RESULT;
  const moved = `moved as (
  ${change(target)}
  where ${span}
    and ${isPending(target)}
    and exists (select from fence)
  returning 1
)`;
  const counted = 'counted as (select count(*)::integer as rows, 0 as locked, 0 as suppressed from moved)';
  return [moving, moved, counted, LEDGER].join(',\n') + RESULT;
}

/**
 * Rows are picked with SKIP LOCKED and then updated by tuple id, which no other session can have changed in between. A
 * picked row that is not updated was kept by a trigger that returned NULL. Rows that a mapping refused in the trigger
 * (`q`) are entered into the quarantine on the way.
 */
function careful(target: BatchTarget, moving: string, span: string): string {
  const copied = copyParts(target)?.careful(span);
  if (copied !== undefined) return [moving, ...copied, LEDGER].join(',\n') + RESULT;
  const table = quoteTable(target.leaf);
  const pending = isPending(target);
  const refused = isRefused(target.backfill);
  const seen = `seen as materialized (
  select t.ctid as tid, ${refused} as refused, ${keyOf(target)} as row_key
  from ${table} as t
  where ${span}
    and ${target.backfill.kind === 'synced' ? isPendingOrRefused(target.backfill.marker) : pending}
    and exists (select from fence)
    and ${notQuarantined(target)}
)`;
  const listed = `listed as (
  insert into bellows.quarantine (run_id, backfill, leaf, leaf_schema, leaf_table, row_key, sqlstate, reason)
  select fence.run_id, fence.backfill, fence.leaf, fence.leaf_schema, fence.leaf_table, seen.row_key, '00000', 'refused_by_mapping'
  from seen
  cross join fence
  where seen.refused
  on conflict (run_id, backfill, leaf, row_key) where state <> 'retried' do nothing
)`;
  const picked = `picked as (
  select t.ctid as tid
  from ${table} as t
  where t.ctid = any (array(select tid from seen where not refused))
    and ${pending}
  for ${target.backfill.kind === 'purge' ? 'update' : 'no key update'} skip locked
)`;
  const moved = `moved as (
  ${change(target)}
  where t.ctid = any (array(select tid from picked))
    and ${pending}
  returning 1
)`;
  const counted = `counted as (
  select
    m.rows,
    (select count(*) from seen where not refused)::integer - p.rows as locked,
    p.rows - m.rows as suppressed
  from (select count(*)::integer as rows from moved) as m
  cross join (select count(*)::integer as rows from picked) as p
)`;
  return [moving, seen, listed, picked, moved, counted, LEDGER].join(',\n') + RESULT;
}

function pendingRows(target: BatchTarget): string {
  return `select t.ctid::text as tid
from ${quoteTable(target.leaf)} as t
where ${spanText(target.access, 1)}
  and ${isPending(target)}
  and ${notQuarantined(target)}
order by t.ctid`;
}

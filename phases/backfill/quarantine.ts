/** The operator's side of the quarantine: what is in it, and the two ways out. */

import type { ServerFacts } from '#core/catalogue-facts';
import { quote, quoteTable } from '#core/identifier';
import { type BackfillPlan, type CopyPlan, isCopy } from '#core/plan';
import type { Actor, Database, Row, RunRow, RunStore, Session } from '#ports';
import { waitingName } from '../expand/copied-row.js';
import { ANNOUNCE } from '../expand/marker.js';
import { batchLimits } from './limits.js';
import { backfillOf } from './ranges.js';
import { releaseRefused } from './release-refused.js';

export interface QuarantineEntry {
  readonly id: number;
  readonly backfill: number;
  /** `schema.table` of the leaf. */
  readonly table: string;
  /** The only place where a key is shown. */
  readonly rowKey: Row;
  readonly sqlstate: string;
  readonly reason: string;
  readonly state: 'open' | 'retried' | 'skipped';
  /** ISO 8601. */
  readonly foundAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
}

export interface QuarantineDeps {
  readonly database: Database;
  readonly store: Pick<RunStore, 'record'>;
  readonly server: ServerFacts;
}

interface EntryRow extends Row {
  readonly id: number;
  readonly backfill: number;
  readonly table: string;
  readonly row_key: Row;
  readonly sqlstate: string;
  readonly reason: string;
  readonly state: QuarantineEntry['state'];
  readonly found_at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
}

/** Open and skipped entries, oldest first; with `all`, the retried ones too. */
export async function listQuarantine(
  session: Session,
  runId: number,
  all = false,
): Promise<readonly QuarantineEntry[]> {
  const rows = await session.query<EntryRow>(
    `select
      id, backfill, leaf_schema || '.' || leaf_table as table, row_key, sqlstate, reason, state,
      found_at, resolved_at, resolved_by
    from bellows.quarantine
    where run_id = $1
      and ($2 or state <> 'retried')
    order by id`,
    [runId, all],
  );
  return rows.map((row) => ({
    id: Number(row.id),
    backfill: row.backfill,
    table: row.table,
    rowKey: row.row_key,
    sqlstate: row.sqlstate,
    reason: row.reason,
    state: row.state,
    foundAt: row.found_at,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by,
  }));
}

/**
 * Gives rows back to the backfill: their marker says pending again, and the next sweep tries them. One row at a time, each
 * in a short transaction. A row that is gone or was filled by the application meanwhile only loses its entry. All of them: also
 * those whose entry does not lead to them any more.
 *
 * @param ids entries to retry; null: all open ones.
 * @returns how many entries left the quarantine.
 */
export async function retryQuarantine(
  deps: QuarantineDeps,
  run: RunRow,
  ids: readonly number[] | null,
  actor: Actor,
): Promise<number> {
  const wanted = (entry: QuarantineEntry) => (ids === null ? entry.state === 'open' : ids.includes(entry.id));
  const left = await settle(deps, run, wanted, 'retried', actor, null);
  if (ids === null) await releaseRefused(deps, run);
  return left;
}

/**
 * Leaves rows as they are, for good: the operator vouches for them. Their marker then says that the application gave both
 * sides, so sweeps, gate and contract pass them by.
 *
 * @returns how many open entries were skipped.
 */
export async function skipQuarantine(
  deps: QuarantineDeps,
  run: RunRow,
  ids: readonly number[] | null,
  reason: string,
  actor: Actor,
): Promise<number> {
  const open = (entry: QuarantineEntry) => entry.state === 'open' && (ids === null || ids.includes(entry.id));
  return settle(deps, run, open, 'skipped', actor, reason);
}

async function settle(
  deps: QuarantineDeps,
  run: RunRow,
  wanted: (entry: QuarantineEntry) => boolean,
  state: 'retried' | 'skipped',
  actor: Actor,
  reason: string | null,
): Promise<number> {
  const entries = (await listQuarantine(deps.database, run.id)).filter(wanted);
  for (const entry of entries) await settleEntry(deps, backfillOf(run, entry.backfill), entry, state, actor);
  const action = state === 'retried' ? 'quarantine_retry' : 'quarantine_skip';
  await audit(
    deps,
    run,
    action,
    entries.map((entry) => entry.id),
    actor,
    reason,
  );
  return entries.length;
}

async function settleEntry(
  { database, server }: QuarantineDeps,
  backfill: BackfillPlan,
  entry: QuarantineEntry,
  state: 'retried' | 'skipped',
  actor: Actor,
): Promise<void> {
  // The operator is told that it is done, so unlike a batch this commit is waited for.
  const limits = { ...batchLimits(server, backfill.triggers), synchronousCommit: true };
  await database.transaction(limits, async (tx) => {
    if (backfill.kind === 'synced') await tx.query(await announce(tx, backfill, entry, state), [entry.id]);
    if (isCopy(backfill) && state === 'retried') await tx.query(noteAgain(backfill), [entry.id]);
    await tx.query(
      `update bellows.quarantine
      set state = $3, resolved_at = clock_timestamp(), resolved_by = $2
      where id = $1`,
      [entry.id, actor, state],
    );
  });
}

/** The key waits, also where it was the walk that could not copy the row: the catch-up takes it in every state. */
function noteAgain({ table, waiting, key }: CopyPlan): string {
  return `insert into ${quoteTable(waiting)} (${key.map((_, i) => waitingName(i)).join(', ')})
select ${key.map((k) => `k.${quote(k.source.name)}`).join(', ')}
from bellows.quarantine as q
cross join lateral jsonb_populate_record(null::${quoteTable(table)}, q.row_key) as k
where q.id = $1`;
}

/** Only the trigger and the batch change the marker: what is written here is an announcement that the trigger carries out. */
async function announce(
  tx: Session,
  { table, marker }: Extract<BackfillPlan, { kind: 'synced' }>,
  entry: QuarantineEntry,
  state: 'retried' | 'skipped',
): Promise<string> {
  const byAddress = 'ctid' in entry.rowKey && 'xmin' in entry.rowKey;
  const letter = state === 'retried' ? ANNOUNCE.pending : ANNOUNCE.vouched;
  const set = `set ${quote(marker)} = '${letter}'\nfrom bellows.quarantine as q`;
  const refused = `where q.id = $1\n  and t.${quote(marker)} in ('q', 'p')`;
  if (!byAddress) {
    // The record type of the table gives the key its types back; through the root, since a row may have moved to another leaf.
    const root = quoteTable(table);
    const key = Object.keys(entry.rowKey).map((name) => `t.${quote(name)} = k.${quote(name)}`);
    const from = `cross join lateral jsonb_populate_record(null::${root}, q.row_key) as k`;
    return [`update ${root} as t`, set, from, refused, ...key.map((part) => `  and ${part}`)].join('\n');
  }
  const leaf = (
    await tx.query<{ name: string }>(
      `select format('%I.%I', leaf_schema, leaf_table) as name from bellows.quarantine where id = $1`,
      [entry.id],
    )
  )[0]?.name;
  const address = `  and t.ctid = (q.row_key ->> 'ctid')::tid\n  and t.xmin::text = q.row_key ->> 'xmin'`;
  return [`update ${leaf} as t`, set, refused, address].join('\n');
}

async function audit(
  { store }: Pick<QuarantineDeps, 'store'>,
  run: RunRow,
  action: string,
  ids: readonly number[],
  actor: Actor,
  reason: string | null,
): Promise<void> {
  const detail = { entries: ids, ...(reason === null ? {} : { reason }) };
  await store.record({ actor, migration: run.migration, runId: run.id, action, detail });
}

import type { QuarantinedRow } from '#api';
import { BellowsError, EXIT } from '#core/errors';
import { listQuarantine, retryQuarantine, skipQuarantine } from '#phases/backfill/quarantine';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { tell } from './transitions.js';

export async function quarantineList(
  context: Context,
  migration?: string,
): Promise<readonly QuarantinedRow[]> {
  const runs = migration === undefined ? await context.store.runs() : [await findRun(context, migration)];
  const rows = await Promise.all(runs.map((run) => rowsOf(context, run)));
  return rows.flat();
}

async function rowsOf({ database }: Context, run: RunRow): Promise<readonly QuarantinedRow[]> {
  const entries = await listQuarantine(database, run.id);
  return entries.map((entry) => ({
    id: entry.id,
    migration: run.migration,
    table: entry.table,
    key: JSON.stringify(entry.rowKey),
    sqlstate: entry.sqlstate,
    reason: entry.reason,
    state: entry.state,
    foundAt: entry.foundAt,
  }));
}

async function refuseUnknownRow({ database }: Context, run: RunRow, id: number): Promise<void> {
  const entries = await listQuarantine(database, run.id);
  if (entries.some((entry) => entry.id === id)) return;
  throw new BellowsError(
    'BELLOWS_UNKNOWN_ROW',
    {
      what: `There is no row ${id} in the quarantine of ${run.migration}.`,
      left: 'Nothing was changed.',
      next: `bellows quarantine list ${run.migration}`,
    },
    { migration: run.migration, id },
    EXIT.usage,
  );
}

/** Rows that are pending again must be swept again: a run that stood behind the backfill goes back to it. */
export async function quarantineRetry(context: Context, migration: string, id?: number): Promise<number> {
  const run = await findRun(context, migration);
  const { database, store } = context;
  const server = await context.catalogue.server();
  if (id !== undefined) await refuseUnknownRow(context, run, id);
  const retried = await retryQuarantine(
    { database, store, server },
    run,
    id === undefined ? null : [id],
    context.actor,
  );
  if (retried > 0 && (run.state.kind === 'gated' || run.state.kind === 'settling')) {
    await tell(context, migration, () => ({
      kind: 'rows_pending',
      reason: `${retried} quarantined rows are tried again`,
    }));
  }
  return retried;
}

export async function quarantineSkip(
  context: Context,
  migration: string,
  options: { readonly reason: string; readonly id?: number },
): Promise<number> {
  const run = await findRun(context, migration);
  const { database, store } = context;
  const deps = { database, store, server: await context.catalogue.server() };
  if (options.id !== undefined) await refuseUnknownRow(context, run, options.id);
  const ids = options.id === undefined ? null : [options.id];
  return skipQuarantine(deps, run, ids, options.reason, context.actor);
}

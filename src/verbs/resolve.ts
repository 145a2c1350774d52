/** `resolve`: a person says how a plain migration that stopped half-way ends, or that one was applied by other means. */
import type { PlainRunOptions, Resolution } from '#api';
import { BellowsError, ConditionError, EXIT } from '#core/errors';
import type { MigrationStatus } from '#core/status';
import { markApplied, markRolledBack, record } from '#everyday/sql/bookkeeping';
import { markOf, type Running } from '#everyday/sql/course';
import { liveStatement } from '#everyday/sql/ledger';
import { mentionsOf } from '#everyday/sql/mentions';
import { prepareDown, prepareUp } from '#everyday/sql/prepare';
import type { Reconciled } from '#everyday/sql/reconcile';
import { continuePrepared } from '#everyday/sql/run';
import type { Context } from './context.js';
import { isNamed } from './find.js';
import { readPlain } from './plain.js';
import { plainOptions, runningPlain } from './plain-running.js';
import { readStatus } from './status.js';

export interface ResolveOptions extends PlainRunOptions {
  readonly reason?: string;
}

export async function resolve(
  context: Context,
  migration: string,
  how: Resolution,
  options: ResolveOptions = {},
): Promise<MigrationStatus> {
  await find(context, migration);
  // Once more under the lease: what was half-way a moment ago may be through.
  const id = await runningPlain(context, plainOptions(options), (withSession) =>
    withSession(async (running) => {
      const found = await find(context, migration);
      await refuseWhileAlive(running, found);
      await settle(running, found, how, options.reason);
      return found.file.id;
    }),
  );
  const status = (await readStatus(context)).migrations.find((m) => m.id === id);
  if (status === undefined) throw new Error('a file is part of the status');
  return status;
}

async function settle(running: Running, found: Reconciled, how: Resolution, reason?: string): Promise<void> {
  const { file, row, state } = found;
  const book = { deps: running.deps, fence: running.fence, migration: file };
  const { database } = running.deps;
  if (how === 'continue') {
    if (state !== 'stopped' || row === null) throw notStopped(found);
    await continuePrepared(running, row.direction === 'up' ? prepareUp(file) : prepareDown(file), row);
  } else if (how === 'rolled-back') {
    await record(
      database,
      markRolledBack(book, { action: 'sql_resolved', seconds: null, costs: [], reason }),
    );
  } else {
    const { tables } = mentionsOf(file);
    const applied = { origin: 'resolved', action: 'sql_resolved', seconds: null, costs: [] } as const;
    await record(database, markApplied(book, { ...applied, tables, reason }));
  }
}

/** PostgreSQL does not notice that a client is gone before it writes to it: an index build goes on to its end. */
async function refuseWhileAlive({ session }: Running, { file, state }: Reconciled): Promise<void> {
  const pid = state === 'stopped' ? await liveStatement(session, markOf(file)) : null;
  if (pid === null) return;
  throw new ConditionError(
    'BELLOWS_SQL_STILL_RUNS',
    {
      what: `A statement of ${file.file} still runs on the server, as pid ${pid}.`,
      why: 'Its runner has ended; the server has not noticed yet.',
      left: 'Nothing was changed.',
      next: `Wait until it has ended, or bellows kill ${pid}.`,
    },
    { pid },
  );
}

async function find(context: Context, migration: string): Promise<Reconciled> {
  const { files, missing } = await readPlain(context, await context.project());
  const found = files.find(({ file }) => isNamed(file.id, migration) || file.version === migration);
  if (found !== undefined) return found;
  const gone = missing.some(({ id, version }) => id === migration || version === migration);
  throw new BellowsError(
    'BELLOWS_UNKNOWN_MIGRATION',
    {
      what: gone
        ? `The file of ${migration} is gone.`
        : `There is no plain SQL migration "${migration}" in the migrations folder.`,
      left: 'Nothing was changed.',
      next: gone
        ? 'Restore the file, then resolve it.'
        : 'bellows status lists them; a phased one: bellows resume, or rollback.',
    },
    { migration },
    EXIT.usage,
  );
}

function notStopped({ file, state }: Reconciled): ConditionError {
  return new ConditionError('BELLOWS_SQL_NOT_STOPPED', {
    what: `${file.id} has not stopped half-way: it is ${state}.`,
    left: 'Nothing was changed.',
    next: state === 'pending' ? 'bellows up' : 'bellows status',
  });
}

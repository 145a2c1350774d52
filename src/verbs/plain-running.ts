/** The way to run plain SQL: its right, and its sessions. */
import { parseTable } from '#core/identifier';
import type { Running } from '#everyday/sql/course';
import type { PlainDeps } from '#everyday/sql/deps';
import { holdingLease } from '#everyday/sql/hold-lease';
import { createVersionTable } from '#everyday/sql/ledger';
import type { Context } from './context.js';
import { type PlainState, readPlain } from './plain.js';
import { sleep } from './sleep.js';

export interface PlainOptions {
  readonly signal: AbortSignal;
  /** Told what the SQL raises; for whoever runs it, and never kept. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** How long another runner is waited for, in milliseconds. Default: 10 minutes. */
  readonly lockWaitMs?: number | undefined;
}

/** Of a verb whose caller may leave all of it out. */
export function plainOptions({ signal, onNotice, lockWaitMs }: Partial<PlainOptions>): PlainOptions {
  return { signal: signal ?? new AbortController().signal, onNotice, lockWaitMs };
}

const LOCK_WAIT_MS = 10 * 60_000;

/** Takes the right to run plain SQL, and gives `work` the way to open sessions under it, one after the other. */
export async function runningPlain<R>(
  context: Context,
  { signal, onNotice, lockWaitMs = LOCK_WAIT_MS }: PlainOptions,
  work: (withSession: <T>(inSession: (running: Running) => Promise<T>) => Promise<T>) => Promise<R>,
): Promise<R> {
  const { actor, blockersOf, database, emit, plainLease, settings } = context;
  const table = parseTable(settings.migrationsTable);
  const { lockTimeoutMs, deadlineMs } = settings.sql;
  const deps: PlainDeps = {
    ...{ database, emit, actor, table, lockTimeoutMs, deadlineMs, blockersOf, sleep },
    random: Math.random,
  };
  const leaseDeps = { lease: plainLease(), emit, sleep, waitMs: lockWaitMs };
  return holdingLease(leaseDeps, signal, async (fence, inner) => {
    await createVersionTable(database, table);
    return work((inSession) =>
      database.direct(inner, (session) => inSession({ deps, session, fence, signal: inner }), onNotice),
    );
  });
}

/**
 * What stands where, once nobody is in the middle of it: a file of several transactions that another process is running looks like
 * one that has stopped half-way.
 */
export async function readPlainAtRest(context: Context, options: PlainOptions): Promise<PlainState> {
  const plain = await readPlain(context, await context.folder());
  const isUnderWay = plain.files.some(({ state }) => state === 'stopped');
  if (!isUnderWay || (await context.plainLease().holder()) === null) return plain;
  await runningPlain(context, options, async () => undefined);
  return readPlain(context, await context.folder());
}

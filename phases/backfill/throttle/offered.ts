/** What this server, or the role, cannot offer of a run's signals: asked before anything is begun, so that `plan` names it. */
import type { TableName } from '#core/identifier';
import { sqlstateOf } from '#core/sqlstate';
import type { Database, ThrottleSettings } from '#ports';
import { readingOfFailure } from './judge.js';
import { NO_LIMITS, type Signal, type SignalContext, type SignalId } from './signal.js';
import { signalsFor } from './signals.js';

export interface NotOffered {
  readonly signal: SignalId;
  readonly text: string;
  readonly release: string;
  /** It was declared, so the backfill will not begin before it can be read. False: nothing is held by it. */
  readonly holds: boolean;
}

/** What it would be read for. */
export interface Prospect {
  readonly database: Database;
  readonly migration: string;
  readonly table: TableName;
  readonly throttle: ThrottleSettings;
  /** Whether schema `bellows` is there; without it, what a signal reads of our own says nothing about the server. */
  readonly installed: boolean;
}

/** Reads each signal once. Those that write, or that ask somebody else than the server, are left alone. */
export async function notOffered(prospect: Prospect): Promise<readonly NotOffered[]> {
  const found: NotOffered[] = [];
  for (const signal of signalsFor(prospect.throttle).filter(({ apart }) => !apart)) {
    const reading = await readOnce(signal, prospect);
    if (reading?.verdict !== 'n/a') continue;
    const { text, release } = reading;
    found.push({ signal: signal.id, text, release, holds: prospect.throttle[signal.id] !== undefined });
  }
  return found;
}

const UNBORN = 0;

async function readOnce(signal: Signal, { database, migration, table, throttle, installed }: Prospect) {
  const context: SignalContext = {
    database,
    run: { id: UNBORN, migration, table },
    limits: {},
    declared: throttle[signal.id] || NO_LIMITS,
    now: 0,
    failures: { inARow: 0, shortage: null, at: 0 },
  };
  return signal
    .open()(context)
    .catch((error: unknown) =>
      !installed && sqlstateOf(error) === '42P01' ? null : readingOfFailure(error),
    );
}

/** Every signal. Adding one is adding a file and a line here. */
import type { ThrottleSettings } from '#ports';
import { activeSessions } from './active-sessions.js';
import { autovacuum } from './autovacuum.js';
import { commitLatency } from './commit-latency.js';
import { connections } from './connections.js';
import { deadTuples } from './dead-tuples.js';
import { errors } from './errors.js';
import { http } from './http.js';
import { lockWaiters } from './lock-waiters.js';
import { operator } from './operator.js';
import { querySignal } from './query.js';
import { replicationLag } from './replication-lag.js';
import type { Signal, SignalId } from './signal.js';
import { standbyMissing } from './standby-missing.js';
import { vacuumHorizon } from './vacuum-horizon.js';
import { walBacklog } from './wal-backlog.js';
import { window } from './window.js';

export const SIGNALS: readonly Signal[] = [
  operator,
  errors,
  lockWaiters,
  replicationLag,
  standbyMissing,
  walBacklog,
  connections,
  activeSessions,
  vacuumHorizon,
  deadTuples,
  autovacuum,
  commitLatency,
  http,
  window,
];

const QUERY = 'query:';

/** The signal of an id; undefined: there is none. */
export function signalOf(id: SignalId): Signal | undefined {
  return id.startsWith(QUERY) ? querySignal(id) : SIGNALS.find((signal) => signal.id === id);
}

/** On by default and not turned off, or declared and not turned off. */
export function isOn({ id, defaultOn }: Signal, settings: ThrottleSettings): boolean {
  const said = settings[id];
  if (said === undefined) return defaultOn;
  return said !== false && said.off === undefined;
}

/** The signals that watch a run. */
export function signalsFor(settings: ThrottleSettings): readonly Signal[] {
  const queries = Object.keys(settings).filter((id) => id.startsWith(QUERY));
  return [...SIGNALS, ...queries.map(querySignal)].filter((signal) => isOn(signal, settings));
}

/**
 * The line of each event: its level and its words. `error`: a migration stands still until somebody acts. `warn`: something went
 * wrong and is tried again, or waits for somebody. `info`: the course of a run, a few lines an hour. `debug`: each batch and job.
 */
import { inWords } from '#core/duration';
import type { Blocker, EventMap, EventName } from '#core/events';
import { blockerText, needsYou, sentenceOf, throttleWait } from '#core/waits';
import type { Level } from './labels.js';

export interface Line {
  readonly level: Level;
  readonly text: string;
}
type Writer<E extends EventName> = (payload: EventMap[E]) => Line;

const debug = (text: string): Line => ({ level: 'debug', text });
const info = (text: string): Line => ({ level: 'info', text });
const warn = (text: string): Line => ({ level: 'warn', text });
const error = (text: string): Line => ({ level: 'error', text });

/** Total on purpose: an event that is new does not compile until it has a line. */
const LINES: { readonly [E in EventName]: Writer<E> } = {
  'run:transition': (p) => info(`${p.from} → ${p.to} (${p.event}, ${p.actor})`),
  'run:failed': (p) => error(`failed: ${p.message} [${p.code}]; next: ${p.next}`),
  'run:waits': (p) => ({ level: levelOf(p), text: `waits: ${p.reason}; next: ${p.next}` }),
  'step:started': (p) => info(`${p.step} begins: ${p.title}`),
  'step:attempt': attempt,
  'step:done': (p) => info(`${p.step} ${p.skipped ? 'was done before' : `done in ${seconds(p.seconds)}`}`),
  'batch:committed': (p) => debug(`batch of ${p.rows} rows in ${p.blocks} blocks, ${seconds(p.seconds)}`),
  'batch:stage': (p) => debug(`${p.stage} in ${seconds(p.seconds)}`),
  'batch:failed': (p) => {
    const text = `batch ${p.outcome} (${p.sqlstate})`;
    return p.outcome === 'failed' ? warn(text) : debug(text);
  },
  'rows:quarantined': (p) =>
    warn(`${p.rows} rows put into quarantine (${p.sqlstate}): bellows quarantine list`),
  'backfill:vacuumed': (p) => debug(`vacuumed ${p.table} in ${seconds(p.seconds)}`),
  'throttle:on': ({ hold }) => info(sentenceOf(throttleWait(hold))),
  'throttle:off': (p) => info(`${p.signal} released after ${inWords(p.seconds)}`),
  'throttle:read': ({ signals }) => {
    const broken = signals.filter((s) => !s.readable).map((s) => s.signal);
    return debug(broken.length === 0 ? 'signals read' : `signals that cannot be read: ${broken.join(', ')}`);
  },
  'verify:progress': (p) => debug(`verified ${p.done} of ${p.total} blocks`),
  'gate:evaluated': gate,
  'sql:waiting': (p) => info(`waits for ${p.holder}, which runs plain SQL migrations`),
  'sql:started': (p) => info(p.direction === 'up' ? 'is applied' : 'is rolled back'),
  'sql:blocked': (p) =>
    warn(`line ${p.line}: its lock did not come in time${holders(p.blockers)}; tried again`),
  'sql:statement': (p) => debug(`line ${p.line}: ${seconds(p.seconds)}`),
  'sql:finished': (p) => info(`${p.direction === 'up' ? 'applied' : 'rolled back'} in ${seconds(p.seconds)}`),
  'sql:failed': (p) => error(`failed: ${p.message} [${p.code}]`),
  'server:waiting': (p) => info(`waits for ${p.place}: ${p.reason}`),
  'database:created': (p) => info(`database ${p.database} created at ${p.place}`),
  'leader:changed': (p) => info(p.leading ? `leads, epoch ${p.epoch}` : `leads no more, epoch ${p.epoch}`),
  'job:started': (p) => debug(`job begins after ${seconds(p.waitSeconds)} in the queue`),
  'job:finished': (p) => (p.outcome === 'failed' ? warn('job failed') : debug(`job ${p.outcome}`)),
  'job:redelivered': ({ cause }) =>
    info(
      cause === 'stalled'
        ? 'a job is delivered again: its worker fell silent'
        : 'a job that the queue lost was made again',
    ),
  'worker:slots': (p) => debug(`${p.used} of ${p.slots} slots in use`),
  'queue:error': (p) => warn(`queue: ${p.message}`),
  'postgres:error': (p) => warn(`PostgreSQL, ${p.operation}: ${p.sqlstate}`),
};

export function lineOf<E extends EventName>(name: E, payload: EventMap[E]): Line {
  return LINES[name](payload);
}

function attempt({ step, outcome, lockWaitSeconds, blockers }: EventMap['step:attempt']): Line {
  const waited = lockWaitSeconds === null ? '' : ` after ${seconds(lockWaitSeconds)} of waiting for the lock`;
  if (outcome === 'ok') return debug(`${step}: ok${waited}`);
  return warn(`${step}: ${outcome}${waited}${holders(blockers)}`);
}

/** `warn` where nothing goes on without somebody. */
function levelOf(wait: EventMap['run:waits']): Level {
  return needsYou([wait]) ? 'warn' : 'info';
}

function holders(blockers: readonly Blocker[]): string {
  return blockers.length === 0 ? '' : `; held by ${blockers.map(blockerText).join(', ')}`;
}

/** A shut gate is evaluated again and again; only its opening is news. */
function gate({ open, results }: EventMap['gate:evaluated']): Line {
  if (open) return info('gate open');
  const shut = results.filter((r) => r.skipped === null && r.verdict !== 'pass' && r.verdict !== 'n/a');
  return debug(`gate shut by ${shut.map((r) => r.check).join(', ')}`);
}

function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1_000)} ms` : `${value.toFixed(1)} s`;
}

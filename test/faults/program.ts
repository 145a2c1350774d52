/**
 * A process of Bellows for the fault tests, to be stopped and killed from outside. BELLOWS_PROGRAM says what it runs, as
 * JSON (`ProgramOptions`). Each event is a line of stdout: `event <point>`.
 */
import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs';
import type { UpOptions } from '#api';
import type { EventMap, EventName, Listener } from '#core/events';
import type { BellowsOptions } from '#main';
import { createBellows } from '#main';

export interface ProgramOptions {
  readonly task: 'serve' | 'worker' | 'up';
  readonly cwd: string;
  readonly overrides: NonNullable<BellowsOptions['overrides']>;
  readonly up?: Pick<UpOptions, 'until' | 'approve'>;
  /**
   * A file with the points at which a process of this kind was killed. At each point that it does not name yet the
   * process writes it there and kills itself at that very line: no handler, no `finally`, no answer read.
   */
  readonly killedAt?: string;
  /** Points that are deadly; default: all that are decisions, effects or answers. */
  readonly deadly?: string;
}

function pointOf<E extends EventName>(name: E, payload: EventMap[E]): string {
  if ('step' in payload) return `${name} ${payload.step}`;
  if (name === 'run:transition' && 'from' in payload && 'to' in payload)
    return `${name} ${payload.from}->${payload.to}`;
  return 'leading' in payload ? `${name} ${payload.leading ? 'leads' : 'follows'}` : name;
}

const DEADLY =
  '^(run:transition|step:started|step:done|leader:changed leads|gate:evaluated|job:started|job:finished|batch:committed)';

/** `killedAt` is in the system's cache when SIGKILL comes: the next process reads it. */
function dieOnceAt(point: string, killedAt: string, deadly: string = DEADLY): void {
  const known = existsSync(killedAt) ? readFileSync(killedAt, 'utf8').split('\n') : [];
  if (!new RegExp(deadly).test(point) || known.includes(point)) return;
  appendFileSync(killedAt, `${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}

const options = JSON.parse(process.env.BELLOWS_PROGRAM ?? '') as ProgramOptions;
const listener: Listener = (name, payload) => {
  const point = pointOf(name, payload);
  writeSync(1, `event ${point}\n`);
  if (options.killedAt !== undefined) dieOnceAt(point, options.killedAt, options.deadly);
};

const end = new AbortController();
process.once('SIGTERM', () => end.abort());
const bellows = await createBellows({
  cwd: options.cwd,
  overrides: options.overrides,
  listeners: [listener],
  actor: options.task,
});
const onReady = () => writeSync(1, 'ready\n');
if (options.task === 'serve') await bellows.serve({ signal: end.signal, onReady });
else if (options.task === 'worker') await bellows.worker({ signal: end.signal, onReady });
else {
  const { reached } = await bellows.up({ ...options.up, signal: end.signal });
  writeSync(1, `reached ${reached}\n`);
}
await bellows.close();

/** One walk of one range by one worker, and what may come next of it. */
import type { ServerFacts } from '#core/catalogue-facts';
import type { Emit } from '#core/events';
import type { Database, JobOutcome, RunRow, RunStore } from '#ports';
import type { Clock } from './clock.js';
import type { Position } from './position.js';
import type { Walk } from './send.js';
import type { Throttle } from './throttle/throttle.js';

export interface WalkDeps {
  readonly database: Database;
  readonly store: Pick<RunStore, 'runById'>;
  readonly server: ServerFacts;
  /** UUID of this worker; a new one for each process. */
  readonly holder: string;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly emit: Emit;
}

export interface Course {
  readonly deps: WalkDeps;
  readonly run: RunRow;
  readonly walk: Walk;
  readonly signal: AbortSignal;
  readonly deadline: number;
}

/** The next batch, or how the job ends. */
export type Next = Position | JobOutcome;

export function isOver({ signal, deps, deadline }: Course): boolean {
  return signal.aborted || deps.clock.now() >= deadline;
}

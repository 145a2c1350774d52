/** One walk of one range by one worker, and what may come next of it. */
import type { ServerFacts } from '#core/catalogue-facts';
import type { Transform } from '#core/definition';
import type { Emit } from '#core/events';
import type { Database, JobOutcome, RunRow, RunStore } from '#ports';
import { beat } from './claim.js';
import type { Clock } from './clock.js';
import type { Position } from './position.js';
import type { Walk } from './send.js';
import type { ThrottledRun } from './throttle/signal.js';
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
  /** The function of a backfill's file; throws where this worker does not have the file that the run began with. */
  readonly transforms: (run: RunRow, backfill: number) => Promise<Transform>;
}

export interface Course {
  readonly deps: WalkDeps;
  readonly run: RunRow;
  readonly walk: Walk;
  readonly signal: AbortSignal;
  readonly deadline: number;
  /** What the throttle knows the run by. */
  readonly watched: ThrottledRun;
}

/** The next batch, or how the job ends. */
export type Next = Position | JobOutcome;

/** Well below the 10 s after which a claim without a beat may be taken over. */
const BEAT_MS = 2_000;

/** A little at a time: at most two seconds, and not beyond the job's time. */
export async function rest({ walk, deps, deadline, signal }: Course, ms: number): Promise<void> {
  const remaining = Math.max(0, deadline - deps.clock.now());
  await deps.clock.sleep(Math.min(ms, BEAT_MS, remaining), signal);
  // A beat that does not arrive at worst lets another walker take over, and the fence then tells us.
  if (ms > BEAT_MS / 4) await beat(walk.database, walk.range).catch(() => undefined);
}

export function isOver({ signal, deps, deadline }: Course): boolean {
  return signal.aborted || deps.clock.now() >= deadline;
}

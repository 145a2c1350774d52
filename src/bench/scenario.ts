import type { Ground } from './ground.js';
import type { Figure } from './result.js';

export interface Stage {
  /** Empty: each scenario loads what it needs. */
  readonly ground: Ground;
  /** A project with the migration of the benchmarks. */
  readonly folder: string;
  readonly rows: number;
  readonly rounds: number;
  readonly tell: (line: string) => void;
}

/** One benchmark. It may be run alone, and against a database of the user's. */
export interface Scenario {
  readonly name: string;
  /** What it answers, in a line. */
  readonly title: string;
  run(stage: Stage): Promise<readonly Figure[]>;
}

import { createHash } from 'node:crypto';
import type { SqlMigration } from '#core/sql-migration';
import type { DirectSession, Fence } from '#ports';
import type { Book, Progress } from './bookkeeping.js';
import type { PlainDeps } from './deps.js';
import type { Prepared } from './prepare.js';
import type { Unit } from './units.js';

/** What a file is run with. */
export interface Running {
  readonly deps: PlainDeps;
  readonly session: DirectSession;
  readonly fence: Fence;
  /** Aborted by the user, or when the lease is lost. */
  readonly signal: AbortSignal;
}

/** One file being run. */
export interface Course extends Prepared {
  readonly running: Running;
  readonly book: Book;
  /** Since it began. */
  readonly seconds: () => number;
}

/** One transaction for all: nothing of it is there, or everything and its record. */
export function isAtomic(units: readonly Unit[]): boolean {
  return units.length === 1 && units[0]?.kind === 'transaction';
}

/** How far, and a digest of the statements up to there. */
export function progressOf(units: readonly Unit[], unitsDone: number): Progress {
  const hash = createHash('sha256');
  for (const unit of units.slice(0, unitsDone)) {
    for (const { text } of unit.statements) hash.update(`${text}\0`);
  }
  return { unitsDone, doneDigest: hash.digest('hex') };
}

/** By it the statement of a runner that was killed is found again on the server. */
export function markOf({ version }: Pick<SqlMigration, 'version'>): string {
  return `/* bellows plain ${version} */`;
}

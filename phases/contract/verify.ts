/** Verification: every row of every backfill is read, and its two sides are compared by value. */
import { fingerprinted, isCopy } from '#core/plan';
import type { Catalogue, Database, RunRow } from '#ports';
import { addCounts, type Counts, NO_ROWS } from './verify-chunk.js';
import { isCoverageOnly } from './verify-letter.js';
import { finishVerification, startVerification } from './verify-record.js';
import { NOTHING_REPAIRED, type Repaired, repairRows } from './verify-repair.js';
import { countRows, type WalkOptions } from './verify-walk.js';

export interface VerifyOptions {
  /** Puts mismatched rows right where that can be done without guessing, then verifies once more. Default: false. */
  readonly repair?: boolean;
  /** Chunks at a time, each on a connection of its own. Default: 2. */
  readonly parallel?: number;
  readonly signal: AbortSignal;
  /** In blocks, of the backfill that is being read; called after each chunk. What it throws is ignored. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The newest counts, and what `repair` did before they were taken: zeros where it was not asked for. */
export interface Verification extends Counts, Repaired {
  /** Of its row in `bellows.verifications`. */
  readonly id: number;
  /** Values of at least one mapping cannot be computed again (volatile, other tables): only its coverage was looked at. */
  readonly coverageOnly: boolean;
  readonly seconds: number;
}

interface Deps {
  readonly database: Database;
  readonly catalogue: Catalogue;
}

/**
 * Verifies a run and records it. Short read-only transactions only, so that vacuum is never held up by it.
 *
 * Throws what the server says where it cannot read (42501 under row security), `ConditionError` where the table is
 * rewritten again and again, and the signal's reason when aborted: then the record stays unfinished and counts for nothing.
 */
export async function verifyRun(deps: Deps, run: RunRow, options: VerifyOptions): Promise<Verification> {
  const first = await verifyOnce(deps, run, options, options.repair === true);
  const { recomputed, returned, left } = first;
  if (recomputed + returned === 0) return first;
  const second = await verifyOnce(deps, run, options, false);
  return { ...second, seconds: first.seconds + second.seconds, recomputed, returned, left };
}

async function verifyOnce(
  deps: Deps,
  run: RunRow,
  options: VerifyOptions,
  repair: boolean,
): Promise<Verification> {
  const started = performance.now();
  const { backfills } = run.plan;
  // Before the first row is read: what changes from here on breaks the fingerprint, and with it the evidence.
  const fingerprint = await deps.catalogue.fingerprint(fingerprinted(run.plan));
  const coverageOnly = isCoverageOnly(backfills);
  const id = await startVerification(deps.database, run, fingerprint, coverageOnly);
  const fixing = repair ? await repairer(deps) : null;
  let counts: Counts = NO_ROWS;
  // What was purged is not there to be compared; what became due since is not the run's.
  for (const backfill of backfills.filter(({ kind }) => kind !== 'purge')) {
    const walk = walkOptions(run, options, fixing?.onWrong ?? null);
    counts = addCounts(counts, await countRows(deps, backfill, walk));
    if (!isCopy(backfill) || backfill.keepsOthers) continue;
    const back = await countRows(deps, backfill, { ...walk, side: 'target' });
    // Its rows were counted where they come from.
    counts = addCounts(counts, { ...back, rows: 0 });
  }
  await finishVerification(deps.database, id, counts);
  const seconds = (performance.now() - started) / 1_000;
  return { ...counts, id, coverageOnly, seconds, ...(fixing?.result() ?? NOTHING_REPAIRED) };
}

function walkOptions(run: RunRow, options: VerifyOptions, onWrong: WalkOptions['onWrong']): WalkOptions {
  return {
    runId: run.id,
    side: 'source',
    parallel: options.parallel ?? 2,
    signal: options.signal,
    onWrong,
    onProgress: (done, total) => {
      try {
        options.onProgress?.(done, total);
      } catch {
        // An observer cannot break a run.
      }
    },
  };
}

async function repairer({ database, catalogue }: Deps) {
  const server = await catalogue.server();
  let sum = NOTHING_REPAIRED;
  const onWrong: NonNullable<WalkOptions['onWrong']> = async (target, rows) => {
    const done = await repairRows(database, server, target, rows);
    sum = {
      recomputed: sum.recomputed + done.recomputed,
      returned: sum.returned + done.returned,
      left: sum.left + done.left,
    };
  };
  return { onWrong, result: () => sum };
}

import type { VerificationReport } from '#api';
import { ConditionError } from '#core/errors';
import { innerState } from '#core/state';
import { verifyRun } from '#phases/contract/verify';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { tell } from './transitions.js';

interface VerifyOptions {
  readonly repair?: boolean;
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Compares every value; with `repair` what can be corrected is corrected, and what must be filled again goes back. */
export async function verify(
  context: Context,
  migration: string,
  options: VerifyOptions = {},
): Promise<VerificationReport> {
  const run = await findRun(context, migration);
  if (!['backfilling', 'settling', 'gated'].includes(innerState(run.state).kind))
    throw nothingToVerify(run.migration, run.state.kind);
  const result = await verifyRun(context, run, {
    signal: options.signal ?? new AbortController().signal,
    parallel: options.parallel ?? context.settings.backfill.verifyParallel,
    ...(options.repair === undefined ? {} : { repair: options.repair }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  if (options.repair === true && run.state.kind === 'gated' && result.returned > 0) {
    await tell(context, run.migration, () => ({
      kind: 'rows_pending',
      reason: 'verify --repair returned rows to pending',
    }));
  }
  return {
    migration: run.migration,
    rows: result.rows,
    pending: result.pending,
    mismatched: result.mismatched,
    bothDisagree: result.bothDisagree,
    coverageOnly: result.coverageOnly,
    repaired:
      options.repair === true
        ? { recomputed: result.recomputed, returned: result.returned, left: result.left }
        : null,
    seconds: result.seconds,
  };
}

function nothingToVerify(migration: string, state: string): ConditionError {
  return new ConditionError('BELLOWS_NOTHING_TO_VERIFY', {
    what: `${migration} is ${state}: there are no two shapes to compare.`,
    left: 'Nothing was changed.',
    next: `bellows status ${migration}`,
  });
}

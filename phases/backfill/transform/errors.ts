import { BellowsError } from '#core/errors';

/** What every one of them leaves and asks for. */
function stopped(migration: string, code: string, what: string, why: string): BellowsError {
  return new BellowsError(
    code,
    {
      what,
      why,
      left: 'Rows that were transformed before are committed and in the ledger; the others stay pending.',
      next: `Remove the cause, then: bellows resume ${migration}. A transform that is itself wrong needs bellows rollback ${migration}, and a corrected file.`,
    },
    { migration },
  );
}

/** It gave something that is not an array of as many rows as it got. */
export function wrongResult(migration: string, gave: string, rows: number): BellowsError {
  return stopped(
    migration,
    'BELLOWS_TRANSFORM_RESULT',
    `The transform gave ${gave} for ${rows} rows.`,
    'It must give one row for each that it gets, in the same order; which belongs to which cannot be told otherwise.',
  );
}

/** @param how class of the error, or what was missing; never a message, which may quote values. */
export function refusedTooMany(migration: string, refused: number, how: string): BellowsError {
  return stopped(
    migration,
    'BELLOWS_TRANSFORM_FAILS',
    `The transform failed for ${refused} rows of one batch (${how}).`,
    'So many are hardly the fault of single rows: a service that it needs may be away. None of this batch was put into quarantine.',
  );
}

export function neverSettles(migration: string, timeoutMs: number): BellowsError {
  return stopped(
    migration,
    'BELLOWS_TRANSFORM_TIMEOUT',
    `The transform did not settle within ${timeoutMs / 1_000} s, for neither half of a batch.`,
    'More than one row of a batch is concerned, so it is not the fault of a single one.',
  );
}

import { BellowsError } from '#core/errors';
import { displayTable, type TableName } from '#core/identifier';
import { safeMessage } from '#core/sqlstate';
import type { Trouble } from './trouble.js';

/** A batch met something that trying again or splitting cannot change. */
export class BackfillStoppedError extends BellowsError {
  constructor(migration: string, leaf: TableName, { sqlstate, error }: Trouble) {
    super(
      'BELLOWS_BACKFILL_STOPPED',
      {
        what: `The backfill of ${displayTable(leaf)} stopped: ${safeMessage(error)}.`,
        why: 'This is neither a busy row nor the fault of a single row, so trying again would fail again.',
        left: 'The failed batch was rolled back; all batches before it are committed and in the ledger.',
        next: `Remove the cause, then: bellows resume ${migration}`,
      },
      { migration, table: displayTable(leaf), sqlstate },
    );
  }
}

/** The stored plan and the ledger do not fit together. */
export class BackfillMissingError extends BellowsError {
  constructor(migration: string, backfill: number) {
    super(
      'BELLOWS_BACKFILL_MISSING',
      {
        what: `The plan of ${migration} has no backfill ${backfill}, but a range of it was planned.`,
        why: 'The row in bellows.runs was changed by hand, or by another version.',
        left: 'Nothing was changed.',
        next: `bellows status ${migration}`,
      },
      { migration, backfill },
    );
  }
}

import { BellowsError } from '#core/errors';
import { classify, safeMessage, sqlstateOf } from '#core/sqlstate';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

const PASSING = new Set(['retry', 'reconnect', 'throttle']);
/** The database or the queue cannot be reached now. The run stands where it stood; it is tried again, later each time. */
const AWAY = /^BELLOWS_(PG_|COMMIT_UNKNOWN$|QUEUE_UNAVAILABLE$)/;

/** What an error means for a run: `passing` is tried again, anything else stops it. No row values get through. */
export function failureOf(error: unknown, migration: string): Failure | 'passing' {
  const next = `bellows status ${migration}; then bellows resume ${migration}, or bellows rollback ${migration}`;
  if (PASSING.has(classify(error).action)) return 'passing';
  if (error instanceof BellowsError) {
    if (AWAY.test(error.code)) return 'passing';
    return { code: error.code, message: error.text.what, next: error.text.next ?? next };
  }
  const sqlstate = sqlstateOf(error);
  const message = safeMessage(error);
  return { code: sqlstate === null ? 'BELLOWS_UNEXPECTED' : `BELLOWS_SQLSTATE_${sqlstate}`, message, next };
}

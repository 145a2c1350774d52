import { BellowsError, type ErrorText } from '#core/errors';

/** A server could not be found, started or stopped by the launcher. `data` holds the paths and the exit. */
export class ServerError extends BellowsError {
  /** `code`: `BELLOWS_SERVER_MISSING`, `BELLOWS_SERVER_START` or `BELLOWS_SERVER_FOLDER`. */
  constructor(code: string, text: ErrorText, data: Readonly<Record<string, unknown>> = {}) {
    super(code, text, data);
  }
}

/** No binaries of the wanted server on this machine. */
export function missing(
  what: string,
  next: string,
  data: Readonly<Record<string, unknown>> = {},
): ServerError {
  return new ServerError('BELLOWS_SERVER_MISSING', { what, left: 'Nothing was started.', next }, data);
}

/** A server that was begun and did not come up; `log` is the tail of what it printed. */
export function notStarted(
  what: string,
  log: string,
  data: Readonly<Record<string, unknown>> = {},
): ServerError {
  const printed = log.trim() === '' ? 'it printed nothing.' : `its last words:\n${log.trim()}`;
  return new ServerError(
    'BELLOWS_SERVER_START',
    {
      what: `${what}; ${printed}`,
      left: 'The process is gone, and a data folder made for it was removed.',
      next: 'Remove the cause named in the log, then start again.',
    },
    data,
  );
}

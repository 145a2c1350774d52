import { BellowsError, type ErrorText, EXIT, type ExitCode } from '#core/errors';

/** A request that is refused before anything was asked of the database. */
export class RequestError extends BellowsError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, text: ErrorText, headers: Readonly<Record<string, string>> = {}) {
    super(code, { left: 'Nothing was changed.', ...text }, {}, EXIT.usage);
    this.status = status;
    this.headers = headers;
  }
}

export function notFound(path: string): RequestError {
  return new RequestError(404, 'BELLOWS_NOT_FOUND', {
    what: `There is nothing at ${path}.`,
    next: 'GET /api lists what there is.',
  });
}

export function wrongMethod(allowed: readonly string[]): RequestError {
  return new RequestError(
    405,
    'BELLOWS_METHOD',
    { what: 'This address does not take that method.', next: `Use ${allowed.join(' or ')}.` },
    { Allow: allowed.join(', ') },
  );
}

/** What nobody raised on purpose stays in the process's log: its words may quote what nobody outside should read. */
export function unexpected(): BellowsError {
  return new BellowsError('BELLOWS_UNEXPECTED', {
    what: 'The request failed for a reason that this version has no words for.',
    left: 'Runs go on as they would.',
    next: 'Look into the log of this process.',
  });
}

const STATUS_OF_EXIT: Readonly<Record<ExitCode, number>> = {
  [EXIT.done]: 200,
  [EXIT.condition]: 409,
  [EXIT.usage]: 400,
  [EXIT.operation]: 500,
  [EXIT.busy]: 409,
  [EXIT.drift]: 409,
};

export function statusOf(error: BellowsError): number {
  if (error instanceof RequestError) return error.status;
  if (error.code.startsWith('BELLOWS_UNKNOWN_')) return 404;
  if (error.code.startsWith('BELLOWS_PG_')) return 503;
  // A state that has no rule for what was asked: the request is well made, and comes at the wrong time.
  return error.code === 'BELLOWS_INVALID_TRANSITION' ? 409 : STATUS_OF_EXIT[error.exit];
}

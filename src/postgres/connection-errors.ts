/** Why there is no connection, in words an operator can act on. None shows a password; a URL is never quoted. */
import { BellowsError, type ErrorText, EXIT, type ExitCode } from '#core/errors';
import { quote } from '#core/identifier';

/** Where a connection goes, without the secret. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export type ConnectionCode =
  | 'BELLOWS_PG_URL'
  | 'BELLOWS_PG_UNREACHABLE'
  | 'BELLOWS_PG_HOST_UNKNOWN'
  | 'BELLOWS_PG_LOGIN'
  | 'BELLOWS_PG_NOT_ALLOWED'
  | 'BELLOWS_PG_NO_DATABASE'
  | 'BELLOWS_PG_TLS'
  | 'BELLOWS_PG_BUSY'
  | 'BELLOWS_PG_TOO_OLD'
  | 'BELLOWS_PG_DATESTYLE'
  | 'BELLOWS_PG_POOL_FULL'
  | 'BELLOWS_PG_POOLER'
  | 'BELLOWS_PG_CONNECT'
  | 'BELLOWS_PG_LOST'
  | 'BELLOWS_PG_CANCELLED'
  | 'BELLOWS_COMMIT_UNKNOWN'
  | 'BELLOWS_TRANSACTION_ABORTED';

/** Everything between us and the server. `data.sqlstate` says what the retry table makes of it. */
export class ConnectionError extends BellowsError {
  constructor(
    code: ConnectionCode,
    text: ErrorText,
    data: Readonly<Record<string, unknown>> = {},
    exit: ExitCode = EXIT.operation,
  ) {
    super(code, text, data, exit);
  }
}

/** The database URL says something that cannot be. */
export class ConnectionUrlError extends ConnectionError {
  constructor(why: string, next: string) {
    super(
      'BELLOWS_PG_URL',
      { what: 'The database URL cannot be used.', why, left: 'Nothing was contacted.', next },
      {},
      EXIT.usage,
    );
  }
}
/** No server answers at host and port. */
export class ServerUnreachableError extends ConnectionError {}
/** The host's name leads nowhere. */
export class HostUnknownError extends ConnectionError {}
/** User or password are wrong or missing. */
export class LoginError extends ConnectionError {}
/** The server knows us and lets us not in: pg_hba.conf, CONNECT. */
export class NotAllowedError extends ConnectionError {}
export class DatabaseMissingError extends ConnectionError {}
export class TlsError extends ConnectionError {}
/** Starting up, shutting down, or out of connections. */
export class ServerBusyError extends ConnectionError {}

export class ServerTooOldError extends ConnectionError {
  constructor(at: Endpoint, versionNumber: number) {
    const version = `${Math.floor(versionNumber / 10_000)}.${versionNumber % 10_000}`;
    super(
      'BELLOWS_PG_TOO_OLD',
      {
        what: `The server at ${place(at)} is PostgreSQL ${version}; Bellows needs 14 or newer.`,
        why: 'Older servers have no TID range scans, so a table cannot be walked in short batches.',
        left: 'Nothing was changed.',
        next: 'Upgrade the server, or name another one in the database URL.',
      },
      { ...at, versionNumber },
    );
  }
}

/** Times would arrive as text that names zones by ambiguous abbreviations. */
export class DateStyleError extends ConnectionError {
  constructor(at: Endpoint, dateStyle: string) {
    super(
      'BELLOWS_PG_DATESTYLE',
      {
        what: `Role "${at.user}" has DateStyle "${dateStyle}" in database "${at.database}"; Bellows needs ISO.`,
        why: 'Other styles print times in a form that cannot be read back for certain, and a setting of our own would change what expressions of a migration mean.',
        left: 'Nothing was changed.',
        next: `alter role ${quote(at.user)} in database ${quote(at.database)} set datestyle = 'ISO'; or give Bellows a role of its own.`,
      },
      { ...at, dateStyle },
    );
  }
}

/** All connections of our own pool were in use for the whole waiting time. */
export class PoolFullError extends ConnectionError {
  constructor(max: number) {
    super(
      'BELLOWS_PG_POOL_FULL',
      {
        what: `All ${max} connections of this process are in use.`,
        why: 'Each one runs a statement or a transaction; none became free in time.',
        left: 'Nothing was sent.',
        next: 'Run it again; if it repeats, give each process fewer ranges at a time: bellows worker --slots.',
      },
      { max, sqlstate: '53300' },
    );
  }
}

/** A session of its own was asked for, and the URL leads through a pooler that limits statements. */
export class PoolerError extends ConnectionError {
  constructor(at: Endpoint, statementTimeout: string) {
    super(
      'BELLOWS_PG_POOLER',
      {
        what: `${place(at)} is a connection pooler, and role "${at.user}" has statement_timeout = ${statementTimeout} there.`,
        why: 'Building an index or validating a constraint takes longer than that, and behind a pooler the limit cannot be lifted for one session.',
        left: 'Nothing was changed.',
        next: `Set "directUrl" to the server itself, or: alter role "${at.user}" set statement_timeout = 0;`,
      },
      { ...at, statementTimeout },
    );
  }
}

/** An established connection broke. What had not been committed is rolled back. */
export class ConnectionLostError extends ConnectionError {
  constructor(at: Endpoint, sqlstate: string) {
    super(
      'BELLOWS_PG_LOST',
      {
        what: `The connection to ${place(at)} was lost.`,
        why: `The server or the network ended it (${sqlstate}).`,
        left: 'The server rolls back what was not committed.',
        next: 'Nothing: it is tried again. If it repeats, the log of the server says why it ends connections.',
      },
      { ...at, sqlstate },
    );
  }
}

/** The connection broke between COMMIT and its answer: read what was written before doing anything again. */
export class CommitUnknownError extends ConnectionError {
  constructor(at: Endpoint) {
    super(
      'BELLOWS_COMMIT_UNKNOWN',
      {
        what: `The connection to ${place(at)} was lost while a transaction was being committed.`,
        why: 'The answer did not arrive, so it is not known whether the server committed.',
        left: 'Either all of the transaction or nothing of it.',
        next: 'Nothing: Bellows reads what is there before it goes on.',
      },
      { ...at, sqlstate: '08007' },
    );
  }
}

/** A statement failed, the failure was swallowed, and COMMIT would have meant ROLLBACK without a word. */
export class TransactionAbortedError extends ConnectionError {
  constructor() {
    super('BELLOWS_TRANSACTION_ABORTED', {
      what: 'A transaction could not be committed: one of its statements had failed.',
      why: 'PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls that a success.',
      left: 'The transaction was rolled back.',
      next: 'Report this: the failure of the statement should have been raised.',
    });
  }
}

/** The caller's signal ended a statement. */
export class CancelledError extends ConnectionError {
  constructor() {
    super(
      'BELLOWS_PG_CANCELLED',
      {
        what: 'A statement was cancelled.',
        why: 'Its caller is shutting down, or leads no more.',
        left: 'An index that was being built is left invalid; the next attempt removes it.',
        next: 'Nothing: whoever leads carries on.',
      },
      {},
    );
  }
}

/** `host:port`, or the folder of the socket. */
export const place = (at: Endpoint): string =>
  at.host.startsWith('/') ? at.host : `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;

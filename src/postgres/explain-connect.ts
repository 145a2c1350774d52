/** From what the server, the driver and the network say to an error that names the next action. */
import { BellowsError } from '#core/errors';
import { safeMessage, sqlstateOf } from '#core/sqlstate';
import {
  ConnectionError,
  DatabaseMissingError,
  type Endpoint,
  HostUnknownError,
  LoginError,
  NotAllowedError,
  place,
  ServerBusyError,
  ServerUnreachableError,
  TlsError,
} from './connection-errors.js';

/** What a failed attempt to connect means. */
export function explainConnect(error: unknown, at: Endpoint): BellowsError {
  if (error instanceof BellowsError) return error;
  const code = codeOf(error);
  return byCode(code, at) ?? byMessage(error, at) ?? other(error, at);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

type Explain = (at: Endpoint, code: string) => ConnectionError;

const unreachable =
  (why: string, next: (at: Endpoint) => string): Explain =>
  (at, code) =>
    new ServerUnreachableError(
      'BELLOWS_PG_UNREACHABLE',
      {
        what: `No PostgreSQL server answers at ${place(at)}.`,
        why,
        left: 'Nothing was changed.',
        next: next(at),
      },
      { ...at, cause: code, sqlstate: '08001' },
    );
const checkServer = (at: Endpoint) =>
  `Check that the server runs and that host and port are right: pg_isready -h ${at.host} -p ${at.port}`;

const unknownHost: Explain = (at, code) =>
  new HostUnknownError(
    'BELLOWS_PG_HOST_UNKNOWN',
    {
      what: `The host "${at.host}" is not known.`,
      why: 'Its name cannot be resolved to an address.',
      left: 'Nothing was changed.',
      next: 'Check the host in the database URL, and the name service of this machine.',
    },
    { ...at, cause: code, sqlstate: '08001' },
  );

const wrongLogin: Explain = (at) =>
  new LoginError(
    'BELLOWS_PG_LOGIN',
    {
      what: `The server at ${place(at)} refused the login of "${at.user}".`,
      why: 'The password is wrong or missing, or there is no such role.',
      left: 'Nothing was changed.',
      next: 'Check user and password in the database URL; special characters in a password must be percent-encoded.',
    },
    { ...at, sqlstate: '28P01' },
  );

const notAllowed: Explain = (at) =>
  new NotAllowedError(
    'BELLOWS_PG_NOT_ALLOWED',
    {
      what: `The server at ${place(at)} does not let "${at.user}" into "${at.database}".`,
      why: 'The role does not exist or may not log in, or no line of pg_hba.conf allows this user, database, address and encryption.',
      left: 'Nothing was changed.',
      next: 'Check the user, and sslmode; then ask whoever runs the server for a line in pg_hba.conf.',
    },
    { ...at, sqlstate: '28000' },
  );

const noConnect: Explain = (at) =>
  new NotAllowedError(
    'BELLOWS_PG_NOT_ALLOWED',
    {
      what: `Role "${at.user}" may not connect to database "${at.database}" at ${place(at)}.`,
      why: 'It lacks the CONNECT privilege.',
      left: 'Nothing was changed.',
      next: `As the owner of the database: grant connect on database "${at.database}" to "${at.user}";`,
    },
    { ...at, sqlstate: '42501' },
  );

const missingDatabase: Explain = (at) =>
  new DatabaseMissingError(
    'BELLOWS_PG_NO_DATABASE',
    {
      what: `There is no database "${at.database}" at ${place(at)}.`,
      why: 'The server answered and accepted the login.',
      left: 'Nothing was changed.',
      next: 'bellows create makes it; or correct the name at the end of the database URL.',
    },
    { ...at, sqlstate: '3D000' },
  );

const busy =
  (why: string, next: string): Explain =>
  (at, code) =>
    new ServerBusyError(
      'BELLOWS_PG_BUSY',
      {
        what: `The server at ${place(at)} takes no connection now.`,
        why,
        left: 'Nothing was changed.',
        next,
      },
      { ...at, sqlstate: code },
    );

const tls =
  (why: string, next: string): Explain =>
  (at, code) =>
    new TlsError(
      'BELLOWS_PG_TLS',
      {
        what: `No encrypted connection to ${place(at)} could be made as sslmode asks.`,
        why,
        left: 'Nothing was changed.',
        next,
      },
      { ...at, cause: code, sqlstate: '28000' },
    );
const untrusted = tls(
  'The server shows a certificate that no trusted authority signed.',
  'Name the authority with sslrootcert=/path/to/ca.pem in the database URL.',
);

const BY_CODE: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: unreachable('The connection was refused: nothing listens there.', checkServer),
  ECONNRESET: unreachable('The connection was ended before the server answered.', checkServer),
  ETIMEDOUT: unreachable('It did not answer in time; a firewall may drop the packets.', checkServer),
  EHOSTUNREACH: unreachable('There is no route to the host.', checkServer),
  ENETUNREACH: unreachable('There is no route to the network.', checkServer),
  ENOENT: unreachable('There is no such socket file.', () => 'Check the socket folder in the database URL.'),
  EACCES: unreachable(
    'This user may not open the socket.',
    () => 'Check the permissions of the socket folder.',
  ),
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  '28P01': wrongLogin,
  '28000': notAllowed,
  '42501': noConnect,
  '3D000': missingDatabase,
  '53300': busy(
    'All its connections are taken.',
    'Close some, lower the numbers of connections, or raise max_connections.',
  ),
  '57P03': busy('It is starting up, shutting down, or recovering.', 'Wait for it: bellows wait'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: tls('The certificate of the server has expired.', 'Renew the certificate of the server.'),
  ERR_TLS_CERT_ALTNAME_INVALID: tls(
    'The certificate of the server is for another host name.',
    'Use the host name that the certificate is for, or sslmode=verify-ca with sslrootcert.',
  ),
};

function byCode(code: string, at: Endpoint): ConnectionError | null {
  return BY_CODE[code]?.(at, code) ?? null;
}

/** The driver's own errors have no code. */
const BY_MESSAGE: readonly (readonly [RegExp, Explain])[] = [
  [/client password must be a|no password supplied/i, wrongLogin],
  [
    /does not support SSL/,
    tls(
      'The server offers no TLS.',
      'Switch ssl on at the server, or say sslmode=prefer (encrypted where it can be) in the database URL.',
    ),
  ],
  [/timeout/i, unreachable('It did not answer in time; a firewall may drop the packets.', checkServer)],
  [
    /SSL connection|terminated unexpectedly|unexpected/i,
    unreachable(
      'Something answers there that does not speak as PostgreSQL does, or it hung up.',
      checkServer,
    ),
  ],
];

function byMessage(error: unknown, at: Endpoint): ConnectionError | null {
  if (!(error instanceof Error) || sqlstateOf(error) !== null) return null;
  return BY_MESSAGE.find(([pattern]) => pattern.test(error.message))?.[1](at, '') ?? null;
}

function other(error: unknown, at: Endpoint): ConnectionError {
  return new ConnectionError(
    'BELLOWS_PG_CONNECT',
    {
      what: `No connection to ${place(at)} could be opened.`,
      why: `It failed with ${safeMessage(error)}.`,
      left: 'Nothing was changed.',
      next: 'Check host, port and database in DATABASE_URL, and that the server takes connections from this machine.',
    },
    { ...at, sqlstate: sqlstateOf(error) ?? '08001' },
  );
}

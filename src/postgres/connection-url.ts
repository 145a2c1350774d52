/**
 * A database URL, read as libpq reads it. The driver would read it too, but gives `sslmode` other meanings (its `require` is
 * libpq's `verify-full`), so it never sees the URL.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { ConnectionUrlError, type Endpoint } from './connection-errors.js';
import { refuseUnknownParameters, startupOptions } from './url-parameters.js';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** `false` is a plain connection. */
export type Encryption = ConnectionOptions | false;

export interface ConnectionTarget {
  readonly endpoint: Endpoint;
  /** For the driver; without encryption. Holds the password. */
  readonly config: pg.ClientConfig;
  readonly sslmode: SslMode;
  /** Ways to connect, in the order in which they are tried. */
  readonly encryptions: readonly Encryption[];
  /** Does not leave this machine, so that a plain connection is nothing to warn of. */
  readonly loopback: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`. Understood options: sslmode, sslrootcert, sslcert, sslkey,
 * connect_timeout (seconds, default 10, 0 = none), options, search_path, and host (or socket), port, user, password, dbname
 * over the URL's own; what only other drivers need is passed over, anything else refused. What is absent comes from PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, PGSSLROOTCERT. Throws `ConnectionUrlError`.
 */
export function parseConnectionUrl(text: string, env: Environment = process.env): ConnectionTarget {
  const url = parse(text);
  refuseUnknownParameters(url.searchParams.keys());
  const option = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  const endpoint = endpointOf(url, option, env);
  const sslmode = sslModeOf(option('sslmode') ?? env.PGSSLMODE);
  const socket = endpoint.host.startsWith('/');
  const password = option('password') ?? decode(url.password);
  const options = startupOptions(option('options'), option('search_path'));
  return {
    endpoint,
    config: {
      ...endpoint,
      ...(password === '' ? {} : { password }),
      ...(options === undefined ? {} : { options }),
      connectionTimeoutMillis: timeoutOf(option('connect_timeout')) * 1000,
      keepAlive: true,
    },
    sslmode,
    // Nothing is encrypted on a Unix socket, whatever the mode: as libpq.
    encryptions: socket ? [false] : encryptionsOf(sslmode, certificates(option, env)),
    loopback: socket || /^(localhost|127(\.\d+){3}|::1)$/.test(endpoint.host),
  };
}

function parse(text: string): URL {
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw new ConnectionUrlError('It does not begin with postgres:// or postgresql://.', URL_FORM);
  }
  try {
    // A user without a host is fine for libpq, and not for the URL parser.
    return new URL(text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?]|$)/, '$1%2F'));
  } catch {
    throw new ConnectionUrlError(
      'It is not well-formed.',
      `${URL_FORM} Several hosts in one URL are not supported.`,
    );
  }
}
const URL_FORM =
  'Write it as postgres://user:password@host:5432/database; characters such as @ / : # % in the password must be percent-encoded.';

function endpointOf(url: URL, option: (name: string) => string | undefined, env: Environment): Endpoint {
  const named = decode(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const host =
    option('host') ?? option('socket') ?? ((named === '/' ? '' : named) || env.PGHOST || 'localhost');
  const user = option('user') ?? (decode(url.username) || env.PGUSER || pg.defaults.user || 'postgres');
  const database = option('dbname') ?? (decode(url.pathname.slice(1)) || env.PGDATABASE || user);
  return { host, port: portOf(option('port') ?? (url.port || env.PGPORT || '5432')), database, user };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConnectionUrlError('A % in it is not followed by two hexadecimal digits.', URL_FORM);
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new ConnectionUrlError('The port is not a number between 1 and 65535.', URL_FORM);
}

function timeoutOf(text: string | undefined): number {
  const seconds = Number(text ?? CONNECT_TIMEOUT_SECONDS);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new ConnectionUrlError('connect_timeout is not a number of seconds.', 'Write connect_timeout=10.');
}

function sslModeOf(text = 'prefer'): SslMode {
  const mode = SSL_MODES.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new ConnectionUrlError(
    `sslmode is none of ${SSL_MODES.join(', ')}.`,
    'Use sslmode=verify-full where the server has a certificate.',
  );
}

interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

function certificates(option: (name: string) => string | undefined, env: Environment): Certificates {
  const root = option('sslrootcert') ?? (env.PGSSLROOTCERT || undefined);
  const found = {
    // `system` means the authorities that the runtime trusts, which is what Node does without a `ca`.
    ca: root === 'system' ? undefined : read('sslrootcert', root),
    cert: read('sslcert', option('sslcert')),
    key: read('sslkey', option('sslkey')),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function read(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConnectionUrlError(
      `The file that ${name} names cannot be read.`,
      `Check the path and its permissions: ${path}`,
    );
  }
}

/** libpq's meanings: only the verify modes look at the certificate, and `require` does when it is given an authority. */
function encryptionsOf(mode: SslMode, files: Certificates): readonly Encryption[] {
  const unverified: Encryption = { ...files, rejectUnauthorized: false };
  const byAuthority: Encryption = {
    ...files,
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  };
  if (mode === 'verify-ca' && files.ca === undefined) {
    throw new ConnectionUrlError(
      'sslmode=verify-ca needs an authority of your own: anybody can have a certificate from a public one.',
      'Add sslrootcert=/path/to/ca.pem, or use sslmode=verify-full.',
    );
  }
  const ways: Readonly<Record<SslMode, readonly Encryption[]>> = {
    disable: [false],
    allow: [false, unverified],
    prefer: [unverified, false],
    require: [files.ca === undefined ? unverified : byAuthority],
    'verify-ca': [byAuthority],
    'verify-full': [{ ...files, rejectUnauthorized: true }],
  };
  return ways[mode];
}

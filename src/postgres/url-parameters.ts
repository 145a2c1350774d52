/** What may stand behind the `?` of a database URL: ours, what other drivers need and means nothing here, and nothing else. */
import { ConnectionUrlError } from './connection-errors.js';

const UNDERSTOOD = [
  ...['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout', 'options', 'search_path'],
  ...['host', 'socket', 'port', 'user', 'password', 'dbname'],
];

/** How a driver talks, not what the session is: those of libpq, lib/pq, pgx, Prisma and pg. */
const NOTHING_TO_US = [
  ...['application_name', 'fallback_application_name', 'client_encoding', 'target_session_attrs'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...['sslcompression', 'sslsni', 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'sslnegotiation'],
  ...['gssencmode', 'channel_binding', 'binary_parameters', 'default_query_exec_mode', 'uselibpqcompat'],
  ...['pgbouncer', 'connection_limit', 'pool_timeout', 'statement_cache_size', 'pool_max_conns'],
];

/**
 * Other parameters are settings of a session to some drivers: ignored, they would leave a migration to run in other
 * circumstances than the file's author has seen.
 */
export function refuseUnknownParameters(names: Iterable<string>): void {
  const known = new Set([...UNDERSTOOD, ...NOTHING_TO_US]);
  const unknown = [...new Set(names)].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const schema = unknown.includes('schema') ? 'A schema is named by search_path=app. ' : '';
  throw new ConnectionUrlError(
    `It has ${unknown.map((name) => `"${name.slice(0, 40)}"`).join(' and ')}, which is not understood.`,
    `${schema}Remove it. A setting of the session is given by options=-c%20name%3Dvalue, or kept with the role: alter role … set name = value;`,
  );
}

/** The startup options of the session: those of the URL, and `search_path` as Go's drivers have it. */
export function startupOptions(
  options: string | undefined,
  searchPath: string | undefined,
): string | undefined {
  if (searchPath === undefined) return options;
  // The server takes a backslash in front of a space or a backslash that belongs to the value.
  const path = `-c search_path=${searchPath.replaceAll(/[\\\s]/g, (character) => `\\${character}`)}`;
  return options === undefined ? path : `${options} ${path}`;
}

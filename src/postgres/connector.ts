import pg from 'pg';
import { DateStyleError, NotAllowedError, ServerTooOldError, TlsError } from './connection-errors.js';
import type { ConnectionTarget, Encryption } from './connection-url.js';
import { explainConnect } from './explain-connect.js';
import { ROW_TYPES } from './row-types.js';

const OLDEST = 140_000;

/** Opens connections to one target. The first one finds out how it may be encrypted, and whether the server can be served. */
export interface Connector {
  readonly target: ConnectionTarget;
  /** What the driver needs for any further connection. Asks the server once; after a failure it asks again. */
  config(): Promise<pg.ClientConfig>;
  connect(): Promise<pg.Client>;
}

export function createConnector(target: ConnectionTarget, applicationName: string): Connector {
  let known: Promise<pg.ClientConfig> | null = null;
  const config = (): Promise<pg.ClientConfig> => {
    known ??= probe(target, applicationNameOf(applicationName)).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
  return { target, config, connect: async () => open(target, await config()) };
}

/** Server and poolers accept printable ASCII; PostgreSQL cuts at 63 bytes. The prefix is what `doctor` and the tests look for. */
function applicationNameOf(name: string): string {
  const printable = name.replaceAll(/[^ -~]/g, '?');
  return (/^bellows\b/.test(printable) ? printable : `bellows ${printable}`).trim().slice(0, 63);
}

async function probe(target: ConnectionTarget, applicationName: string): Promise<pg.ClientConfig> {
  const base = { ...target.config, application_name: applicationName, types: ROW_TYPES };
  const [first, ...others] = target.encryptions.map((ssl) => ({ ...base, ssl: driverForm(ssl) }));
  if (first === undefined) throw new TypeError('a target has at least one way to connect');
  return tryEach(target, first, others);
}

/** The driver adds fields to the object that it is given. */
const driverForm = (ssl: Encryption): Encryption => (ssl === false ? false : { ...ssl });

/** The next way is tried where the server refused this one, as libpq does; not where nobody answered. */
async function tryEach(
  target: ConnectionTarget,
  config: pg.ClientConfig,
  others: readonly pg.ClientConfig[],
): Promise<pg.ClientConfig> {
  try {
    await checkServer(target, config);
    return config;
  } catch (error) {
    const [next, ...rest] = others;
    const refused = error instanceof TlsError || error instanceof NotAllowedError;
    if (next === undefined || !refused) throw error;
    return tryEach(target, next, rest);
  }
}

async function checkServer(target: ConnectionTarget, config: pg.ClientConfig): Promise<void> {
  const client = await open(target, config);
  try {
    const { rows } = await client.query<{ version: number; style: string }>(
      `select current_setting('server_version_num')::int as version, current_setting('DateStyle') as style`,
    );
    const { version = 0, style = '' } = rows[0] ?? {};
    if (version < OLDEST) throw new ServerTooOldError(target.endpoint, version);
    if (!style.startsWith('ISO')) throw new DateStyleError(target.endpoint, style);
  } catch (error) {
    throw explainConnect(error, target.endpoint);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function open(target: ConnectionTarget, config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  // Without a listener, a connection that the server ends would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw explainConnect(error, target.endpoint);
  }
}

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { findBinaries, type Major, type PostgresBinaries } from './binaries.js';
import { createDataDir } from './data-dir.js';
import { createRunFolder, exists, removeRunFolder } from './folders.js';
import { freePort } from './free-port.js';
import { type Identity, serverIdentity } from './identity.js';
import { type Launched, launch } from './launch.js';
import { sweepOnce } from './leftovers.js';
import type { ServerCommand } from './server-process.js';

export type { Major } from './binaries.js';

/** `fast`: rolls back what is open and writes a checkpoint. `immediate`: as if the power failed; recovers at the next start. */
export type StopMode = 'fast' | 'immediate';

export interface PostgresOptions {
  /** Default: 18. */
  readonly major?: Major;
  /** Server settings over PostgreSQL's defaults. `alter system` in the server may still change them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a temporary folder, removed at the end. One that is given stays, and is used again when it has data. */
  readonly dataDir?: string;
  /** Leaves a temporary data folder behind. Default: false. */
  readonly keep?: boolean;
}

/** What a running server was made of: enough to start it again. */
interface Parts {
  readonly major: Major;
  readonly binaries: PostgresBinaries;
  readonly identity: Identity | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly dataDir: string;
  readonly keep: boolean;
}

/** A PostgreSQL server of ours on a free loopback port: superuser `postgres`, no password, no socket file. */
export class PostgresServer {
  readonly #parts: Parts;
  #launched: Launched;

  /** Use `startPostgres` or `startStandby`. */
  constructor(parts: Parts, launched: Launched) {
    this.#parts = parts;
    this.#launched = launched;
  }

  /** Of the database `postgres`. The same after a restart. */
  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  get port(): number {
    return this.#launched.port;
  }

  /** Of the postmaster; another one after a restart. */
  get pid(): number {
    return this.#launched.process.pid;
  }

  get alive(): boolean {
    return this.#launched.process.alive;
  }

  get major(): Major {
    return this.#parts.major;
  }

  get dataDir(): string {
    return this.#parts.dataDir;
  }

  get logFile(): string {
    return join(this.#parts.folder, 'server.log');
  }

  get settings(): Readonly<Record<string, string>> {
    return this.#parts.settings;
  }

  /** Stops the server and removes its temporary folder. Stopping twice is fine. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    await this.#end(mode);
    if (!this.#parts.keep) await removeRunFolder(this.#parts.folder);
  }

  /** Stops, and starts again with the same data on the same port; also after `kill()`. Resolves when it answers. */
  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.#end(mode);
    const { port } = this;
    this.#launched = await launchPostgres(this.#parts, async () => port);
  }

  /** SIGKILL to the postmaster: a crash. Its children notice and end by themselves; `restart()` recovers the data. */
  async kill(): Promise<void> {
    await this.#launched.process.end('SIGKILL');
  }

  async #end(mode: StopMode): Promise<void> {
    const signals = mode === 'fast' ? (['SIGINT', 'SIGQUIT'] as const) : (['SIGQUIT'] as const);
    await this.#launched.process.end(...signals);
  }
}

/**
 * Starts a real PostgreSQL from the embedded binaries and resolves when it answers: about a second the first time on a
 * day, a fifth of that later. It ends with this process, however that ends.
 *
 * Throws `BELLOWS_SERVER_MISSING` (no binaries of that major), `BELLOWS_SERVER_START` (with the log's tail) and
 * `BELLOWS_SERVER_FOLDER` (no usable temporary folder).
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return startFrom(options, (binaries, identity, dataDir) => createDataDir(binaries, identity, dataDir));
}

/** `startPostgres` with the caller's way to fill a new data folder. */
export async function startFrom(
  { major = 18, settings = {}, dataDir, keep = false }: PostgresOptions,
  fill: (binaries: PostgresBinaries, identity: Identity | undefined, dataDir: string) => Promise<void>,
): Promise<PostgresServer> {
  await sweepOnce();
  const place = dataDir === undefined ? undefined : resolve(dataDir);
  const identity = await ownerOf(place);
  const binaries = await findBinaries(major, identity);
  const folder = await createRunFolder(keep);
  try {
    const parts = {
      major,
      binaries,
      identity,
      settings,
      folder,
      dataDir: place ?? join(folder, 'data'),
      keep,
    };
    if (!(await exists(join(parts.dataDir, 'PG_VERSION')))) await fill(binaries, identity, parts.dataDir);
    return new PostgresServer(parts, await launchPostgres(parts, freePort));
  } catch (error) {
    await removeRunFolder(folder);
    throw error;
  }
}

/** Root runs a data folder that is there as its owner: PostgreSQL accepts no other. */
async function ownerOf(dataDir: string | undefined): Promise<Identity | undefined> {
  const identity = serverIdentity();
  if (identity === undefined || dataDir === undefined || !(await exists(dataDir))) return identity;
  const { uid, gid } = await stat(dataDir);
  return uid === 0 ? identity : { uid, gid };
}

async function launchPostgres(parts: Parts, choosePort: () => Promise<number>): Promise<Launched> {
  const config = join(parts.folder, 'postgresql.conf');
  await writeFile(config, configuration(parts), { mode: 0o644 });
  return launch({
    what: `PostgreSQL ${parts.major}`,
    choosePort,
    command: (port) => command(parts, config, port),
    ready: (port, pid) => servesData(port, parts.dataDir, pid),
  });
}

/** Our settings lie over the data folder's own file, in a file of ours: the data folder is the server's to write. */
function configuration({ settings, dataDir }: Parts): string {
  const quoted = (value: string) => `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}`);
  return [`include ${quoted(join(dataDir, 'postgresql.conf'))}`, ...lines, ''].join('\n');
}

function command(
  { binaries, identity, folder, dataDir }: Parts,
  config: string,
  port: number,
): ServerCommand {
  const fixed = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' };
  const settings = Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', dataDir, '-c', `config_file=${config}`, ...settings];
  return { command: binaries.postgres, args, identity, folder, hardSignal: 'SIGQUIT' };
}

/** Answering is not enough: on a port that was taken meanwhile, somebody else's server answers. */
async function servesData(port: number, dataDir: string, pid: number): Promise<boolean> {
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    const { rows } = await client.query<{ dir: string }>(`select current_setting('data_directory') as dir`);
    return rows[0]?.dir === dataDir && Number.parseInt(lock, 10) === pid;
  } finally {
    await client.end();
  }
}

import { access, chown, constants, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { missing } from './errors.js';
import { createRunFolder, removeRunFolder } from './folders.js';
import { freePort } from './free-port.js';
import { serverIdentity } from './identity.js';
import { type Launched, launch } from './launch.js';
import { sweepOnce } from './leftovers.js';
import type { ServerCommand } from './server-process.js';

const ANSWER_MS = 2_000;

/** Where a Redis is to be had: one that runs already, or a program to start one with. */
export type FoundRedis =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'program'; readonly path: string };

/** `REDIS_URL`, else `redis-server` or `valkey-server` on the PATH, else nothing. */
export async function findRedis(): Promise<FoundRedis | undefined> {
  const url = process.env.REDIS_URL;
  if (url !== undefined && url !== '') return { kind: 'url', url };
  const path = await findRedisProgram();
  return path === undefined ? undefined : { kind: 'program', path };
}

/** `redis-server` or `valkey-server` on the PATH. */
export async function findRedisProgram(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return undefined;
}

/** A Redis of ours on a free loopback port. It keeps nothing: a restart is an empty Redis on the same port. */
export class RedisServer {
  readonly #folder: string;
  readonly #start: (choosePort: () => Promise<number>) => Promise<Launched>;
  #launched: Launched;

  /** Use `startRedis`. */
  constructor(
    folder: string,
    start: (choosePort: () => Promise<number>) => Promise<Launched>,
    launched: Launched,
  ) {
    this.#folder = folder;
    this.#start = start;
    this.#launched = launched;
  }

  /** The same after a restart. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#launched.port;
  }

  get pid(): number {
    return this.#launched.process.pid;
  }

  get alive(): boolean {
    return this.#launched.process.alive;
  }

  /** Stops the server and removes its folder. Stopping twice is fine. */
  async stop(): Promise<void> {
    await this.#launched.process.end('SIGINT');
    await removeRunFolder(this.#folder);
  }

  /** SIGKILL. `restart()` brings an empty one back. */
  async kill(): Promise<void> {
    await this.#launched.process.end('SIGKILL');
  }

  /** Ends it if it runs, and starts an empty one on the same port. */
  async restart(): Promise<void> {
    await this.#launched.process.end('SIGINT');
    const { port } = this;
    this.#launched = await this.#start(async () => port);
  }
}

/**
 * Starts a Redis without persistence that refuses writes rather than evict keys (`noeviction`: an evicted job is a
 * lost job). `program` default: the first on the PATH. It ends with this process, however that ends.
 *
 * Throws `BELLOWS_SERVER_MISSING` without a program and `BELLOWS_SERVER_START` with the log's tail.
 */
export async function startRedis(options: { readonly program?: string } = {}): Promise<RedisServer> {
  await sweepOnce();
  const program = options.program ?? (await findRedisProgram());
  if (program === undefined) throw notFound();
  const identity = serverIdentity();
  const folder = await createRunFolder(false);
  try {
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    if (identity !== undefined) await chown(join(folder, 'data'), identity.uid, identity.gid);
    const command = (port: number): ServerCommand => {
      return {
        command: program,
        args: redisArguments(folder, port),
        identity,
        folder,
        hardSignal: 'SIGKILL',
      };
    };
    const start = (choosePort: () => Promise<number>) =>
      launch({ what: 'Redis', choosePort, command, ready: answersAs });
    return new RedisServer(folder, start, await start(freePort));
  } catch (error) {
    await removeRunFolder(folder);
    throw error;
  }
}

function redisArguments(folder: string, port: number): readonly string[] {
  return [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', join(folder, 'data')],
    ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
  ];
}

/** Asks the server on the port for its process id: somebody else's may have taken the port. */
function answersAs(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO server\r\nQUIT\r\n'));
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(new RegExp(`^process_id:${pid}\\r?$`, 'm').test(text)));
  });
}

function notFound(): Error {
  return missing(
    'There is no redis-server and no valkey-server on the PATH.',
    'Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL.',
  );
}

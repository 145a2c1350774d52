/** The one place where the adapters meet the scheduler. */
import { hostname, userInfo } from 'node:os';
import type { Bellows } from '#api';
import { emitter, type Listener } from '#core/events';
import { parseTable } from '#core/identifier';
import { loadParser } from '#parser/load';
import type { Database, JobQueue } from '#ports';
import { blockersOf, endSession } from '#postgres/blockers';
import { createCatalogue } from '#postgres/catalogue';
import { createDatabase, type PostgresDatabase } from '#postgres/database';
import { createDdlExecutor } from '#postgres/ddl';
import { installSchema } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { createRunStore } from '#postgres/run-store';
import { createServer } from '#postgres/server';
import { packageVersion } from '#project/package-version';
import { loadProject } from '#project/project';
import { loadSettings, type Settings, type SettingsOptions } from '#project/settings';
import { furtherVerbs, operations } from '#verbs/all';
import { announcing } from '#verbs/announce';
import type { Context } from '#verbs/context';
import type { PageDoor } from '#verbs/page';
import { wait } from '#verbs/server';

export interface BellowsOptions {
  /** Where the configuration and the migrations folder are looked for. Default: the working directory. */
  readonly cwd?: string;
  /** The environment, as `--env` names it. Default: `BELLOWS_ENV`. */
  readonly env?: string;
  /** The environment where neither `env` nor `BELLOWS_ENV` chooses one, if the project knows it. */
  readonly fallbackEnv?: string;
  /** As `--env-file` names them: read instead of `.env.<env>` and `.env`. */
  readonly envFiles?: readonly string[];
  /** What wins over the configuration file. */
  readonly overrides?: NonNullable<SettingsOptions['overrides']>;
  /** Told of every event; one that throws cannot break a run. */
  readonly listeners?: readonly Listener[];
  /** Wait for a server that does not answer yet. Default: `DBMATE_WAIT`, else false. */
  readonly wait?: boolean;
  /** How this process is named in the history. Default: `cli:<user>@<host>`. */
  readonly actor?: string;
}

/** Opens Bellows on a project. Nothing is connected before the first verb; `close` ends every connection. */
export async function createBellows(options: BellowsOptions = {}): Promise<Bellows> {
  const { cwd = process.cwd(), env, fallbackEnv, envFiles, overrides } = options;
  const settings = await loadSettings({
    ...{ cwd, env, fallbackEnv, envFiles },
    ...(overrides === undefined ? {} : { overrides }),
  });
  const { context, forgetFiles, close } = openContext(settings, options);
  if (options.wait ?? settings.wait.always) await wait(context);
  return {
    ...operations(context, forgetFiles),
    ...furtherVerbs(context, forgetFiles),
    dryRun: (o) =>
      onlyReading(settings, options, async (reading) => (await import('#verbs/dry-run')).dryRun(reading, o)),
    serve: async (o) => (await import('#verbs/serve')).serve(context, openDoor(settings, context), o),
    close,
  };
}

/** The server's own hand: whatever is sent by mistake, it refuses (25006). */
async function onlyReading<R>(
  settings: Settings,
  options: BellowsOptions,
  work: (context: Context) => Promise<R>,
): Promise<R> {
  const { context, close } = openContext(settings, { ...options, readOnly: true });
  try {
    return await work(context);
  } finally {
    await close();
  }
}

/** Few connections: however many pages are open, they share what they look at. */
const PAGE_CONNECTIONS = 4;

/** The page's own connections, seen as `bellows page`. What is done through it is told to the listeners of the process. */
function openDoor(settings: Settings, { emit }: Context): PageDoor {
  const { context, forgetFiles, close } = openContext(settings, {
    actor: 'page',
    listeners: [emit],
    connections: PAGE_CONNECTIONS,
  });
  return {
    database: context.database,
    verbs: (by) => operations({ ...context, actor: by }, forgetFiles),
    close,
  };
}

function openContext(
  settings: Settings,
  options: Pick<BellowsOptions, 'actor' | 'listeners'> & {
    readonly connections?: number;
    readonly readOnly?: boolean;
  },
): { context: Context; forgetFiles: () => void; close: () => Promise<void> } {
  const actor = options.actor ?? `cli:${userInfo().username}@${hostname()}`;
  const listeners = [...(options.listeners ?? [])];
  const emit = emitter(listeners);
  const database = createDatabase({
    url: settings.databaseUrl,
    applicationName: actor,
    readOnly: options.readOnly ?? false,
    ...(options.connections === undefined ? {} : { max: options.connections }),
  });
  const folder = cached(PROJECT_TTL_MS, () => loadProject(settings));
  const context: Context = {
    settings,
    database,
    server: createServer({ url: settings.databaseUrl, applicationName: actor }),
    store: announcing(createRunStore(database, parseTable(settings.migrationsTable)), emit),
    ...leasesOf(database),
    blockersOf: (pid) => blockersOf(database, pid),
    ddl: createDdlExecutor({ database, emit, settings: { stallMs: settings.ddl.stallMs } }),
    catalogue: createCatalogue(database),
    emit,
    listen: (listener) => {
      listeners.push(listener);
    },
    actor,
    version: packageVersion(),
    folder: folder.read,
    project: async () => {
      await loadParser();
      return folder.read();
    },
    endSession: async (pid) => {
      await endSession(database, pid);
    },
    ...openedOnce(settings, database, emit),
  };
  const close = async () => {
    await context.disconnect();
    await database.close();
  };
  return { context, forgetFiles: folder.forget, close };
}

/** What is opened or made at first use, and again after `disconnect`. */
function openedOnce(
  settings: Settings,
  database: PostgresDatabase,
  emit: Context['emit'],
): Pick<Context, 'queue' | 'install' | 'disconnect'> {
  let queue: Promise<JobQueue> | null = null;
  let installing: Promise<unknown> | null = null;
  return {
    queue: () => {
      queue ??= openQueue(settings, database, emit);
      return queue;
    },
    install: async (meanwhile) => {
      installing ??= installSchema(database, undefined, meanwhile).catch((error: unknown) => {
        installing = null;
        throw error;
      });
      await installing;
    },
    disconnect: async () => {
      const opened = queue;
      queue = null;
      installing = null;
      await opened?.then((q) => q.close()).catch(() => undefined);
      await database.disconnect();
    },
  };
}

function leasesOf(database: Database): Pick<Context, 'lease' | 'plainLease'> {
  const holder = `${hostname()}/${process.pid}`;
  return {
    lease: createLease(database, holder),
    plainLease: () => createLease(database, holder, { name: 'plain' }),
  };
}

/** Following a run asks for the folder several times a second. A verb begins with the folder as it is: it forgets first. */
const PROJECT_TTL_MS = 2000;

/** One answer for all who ask within `milliseconds`; a failure is not kept. */
function cached<T>(
  milliseconds: number,
  read: () => Promise<T>,
): { readonly read: () => Promise<T>; readonly forget: () => void } {
  let answer: Promise<T> | null = null;
  let askedAt = 0;
  const forget = () => {
    answer = null;
  };
  const ask = () => {
    if (answer !== null && performance.now() - askedAt < milliseconds) return answer;
    askedAt = performance.now();
    const asked = read().catch((error: unknown) => {
      if (answer === asked) forget();
      throw error;
    });
    answer = asked;
    return asked;
  };
  return { read: ask, forget };
}

/** Each database has jobs of its own, also where several share a Redis. */
async function openQueue(settings: Settings, database: Database, emit: Context['emit']): Promise<JobQueue> {
  const rows = await database.query<{ id: string }>('select id::text as id from bellows.installation');
  // BullMQ and its drivers take longer to load than most commands to run.
  const { createQueue } = await import('#queue/create');
  return createQueue({
    ...(settings.queueUrl === null ? {} : { queueUrl: settings.queueUrl }),
    databaseUrl: settings.databaseUrl,
    name: `bellows-${rows[0]?.id ?? 'none'}`,
    emit,
  });
}

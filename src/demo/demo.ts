/** `npm run demo`: a large table changes its shape under live traffic. Nothing is needed but Node and this package. */
import { rm } from 'node:fs/promises';
import pg from 'pg';
import type { Bellows } from '#api';
import { BellowsError, EXIT, renderError } from '#core/errors';
import { createBellows } from '#main';
import { type DemoOptions, readOptions, USAGE } from './options.js';
import { grouped } from './progress.js';
import { createProject } from './project.js';
import { outcomeLines, reportOf, succeeded } from './report.js';
import { type Loaded, loadTables } from './schema.js';
import { createScreen, type Screen } from './screen.js';
import { type DemoServers, startServers } from './servers.js';
import { runStory } from './story.js';
import { Traffic } from './traffic.js';

/** Requests per second of the whole application. */
const RATE = 300;
const INTERRUPTED = 130;

/** What was started, in order; it is ended in the opposite one. */
type Opened = (() => Promise<unknown>)[];

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  const screen = createScreen(options.json ? process.stderr : process.stdout);
  const interrupt = onInterrupt();
  const opened: Opened = [];
  try {
    const running = perform(options, screen, interrupt.signal, opened);
    // After Ctrl-C the servers go before what still asks them: what it then says is of no interest.
    running.catch(() => undefined);
    const code = await Promise.race([running, interrupt.happened]);
    if (options.keep && !interrupt.signal.aborted) await interrupt.happened;
    return code;
  } finally {
    for (const close of opened.reverse()) await close().catch(() => undefined);
  }
}

async function perform(
  options: DemoOptions,
  screen: Screen,
  signal: AbortSignal,
  opened: Opened,
): Promise<number> {
  const servers = await startServers();
  opened.push(() => servers.stop());
  const client = await connect(servers.databaseUrl, opened);
  const loaded = { users: options.rows, orders: Math.ceil(options.rows / 2) };
  await load(client, loaded, screen);
  const bellows = await openProject(servers, opened);
  const traffic = new Traffic({ databaseUrl: servers.databaseUrl, loaded, rate: RATE });
  opened.push(() => traffic.stopAll());
  // The first verb that needs Bellows' own schema makes it; the queue's name is in there.
  await bellows.history({ limit: 1 });
  const queue = await bellows.queue();
  screen.say(`queue: ${queue}`);
  const outcome = await runStory({ bellows, traffic, client, screen, signal });
  screen.block(outcomeLines(outcome, traffic.seen));
  if (options.json) process.stdout.write(`${JSON.stringify(reportOf(outcome, traffic.seen, queue))}\n`);
  if (options.keep) screen.block(connectLines(servers));
  return succeeded(outcome, traffic.seen) ? EXIT.done : EXIT.condition;
}

async function connect(databaseUrl: string, opened: Opened): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'demo' });
  client.on('error', () => undefined);
  await client.connect();
  opened.push(() => client.end());
  return client;
}

async function load(client: pg.Client, loaded: Loaded, screen: Screen): Promise<void> {
  const { rows: found } = await client.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  screen.say(
    `PostgreSQL ${found[0]?.version} runs; ${grouped(loaded.users)} users and ${grouped(loaded.orders)} orders are loaded`,
  );
  const began = Date.now();
  await loadTables(client, loaded);
  screen.say(`loaded in ${((Date.now() - began) / 1_000).toFixed(1)} s`);
}

async function openProject({ databaseUrl, queueUrl }: DemoServers, opened: Opened): Promise<Bellows> {
  const cwd = await createProject();
  opened.push(() => rm(cwd, { recursive: true, force: true }));
  const bellows = await createBellows({
    cwd,
    // Whatever the shell of the newcomer says is meant for another project.
    env: 'default',
    overrides: { databaseUrl, migrations: 'migrations', ...(queueUrl === null ? {} : { queueUrl }) },
    actor: 'demo',
  });
  opened.push(() => bellows.close());
  return bellows;
}

function connectLines({ databaseUrl }: DemoServers): readonly string[] {
  return ['', `psql '${databaseUrl}'`, 'Ctrl-C stops the servers and removes their data.'];
}

/** The first Ctrl-C ends everything in order, a second one at once. */
function onInterrupt(): { readonly signal: AbortSignal; readonly happened: Promise<number> } {
  const stop = new AbortController();
  const happened = new Promise<number>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (stop.signal.aborted) process.exit(INTERRUPTED);
        stop.abort();
        resolve(INTERRUPTED);
      });
    }
  });
  return { signal: stop.signal, happened };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exit(code);
  },
  (error: unknown) => {
    const lines =
      error instanceof BellowsError
        ? renderError(error)
        : [String(error instanceof Error ? error.stack : error)];
    process.stderr.write(`${lines.join('\n')}\n`);
    process.exit(error instanceof BellowsError ? error.exit : EXIT.operation);
  },
);

/** `npm run bench`: how fast the backfill is, measured on a server of its own. */
import { BellowsError, EXIT, renderError } from '#core/errors';
import type { PostgresServer } from '#servers/postgres';
import { bellowsShape, cutSlices, startBellows } from './bellows-shape.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import { addPgrollShape, pgrollShape } from './pgroll-shape.js';
import { makeProject, removeProject } from './project.js';
import { type Report, written } from './report.js';
import { connect, copyLoaded, dropDatabase, loadUsers, startServer } from './server.js';
import { singleStatement } from './shapes.js';
import { figuresOf, measureSlices, ratioTo, type Sample } from './slices.js';
import { measureStatus } from './status-cost.js';
import { measureWholeRun } from './whole-run.js';

const SHAPES = ['single', 'pgroll', 'bellows'] as const;
type Tell = (text: string) => void;

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const tell: Tell = (text) => (options.json ? process.stderr : process.stdout).write(text);
  const report = await bench(options, tell);
  tell(`\n${written(report)}`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function bench(options: BenchOptions, tell: Tell): Promise<Report> {
  const server = await startServer();
  const folder = await makeProject();
  try {
    tell(`Loading ${options.rows.toLocaleString('en-US')} rows ...\n`);
    await loadUsers(server, options.rows);
    const sliced = await slices(server, folder, options, tell);
    tell('The whole table through up ...\n');
    const whole = await measureWholeRun(folder, await copyLoaded(server, 'whole'));
    return { rows: options.rows, ...sliced, whole };
  } finally {
    await removeProject(folder);
    await server.stop();
  }
}

async function slices(
  server: PostgresServer,
  folder: string,
  { rounds }: BenchOptions,
  tell: Tell,
): Promise<Omit<Report, 'rows' | 'whole'>> {
  const url = await copyLoaded(server, 'slices');
  const client = await connect(url);
  const bellows = await startBellows(folder, url);
  try {
    await addPgrollShape(client);
    const shapes = [singleStatement(client), pgrollShape(client), bellowsShape(client, bellows)];
    const cut = await cutSlices(client, bellows, rounds * shapes.length);
    const samples = await measureSlices(client, shapes, cut, (sample) => tell(sampleLine(sample)));
    const version = await client.query<{ version: string }>(
      `select 'PostgreSQL ' || current_setting('server_version') as version`,
    );
    return {
      rounds: samples.length / shapes.length,
      server: version.rows[0]?.version ?? '',
      shapes: SHAPES.map((shape) => figuresOf(samples, shape)),
      overSingle: ratioTo(samples, 'single'),
      overPgroll: ratioTo(samples, 'pgroll'),
      status: await measureStatus(client, folder, url),
    };
  } finally {
    await bellows.close();
    await client.end();
    await dropDatabase(server, 'slices');
  }
}

function sampleLine({ round, shape, rows, milliseconds, cpuMs }: Sample): string {
  const perSecond = Math.round((rows * 1_000) / milliseconds);
  const cpu = ((cpuMs * 1_000) / rows).toFixed(1);
  return `${round + 1} ${shape.padEnd(8)} ${rows} rows  ${perSecond} rows/s  ${cpu} µs/row\n`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const lines =
    error instanceof BellowsError
      ? renderError(error)
      : [String(error instanceof Error ? error.stack : error)];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = error instanceof BellowsError ? error.exit : EXIT.operation;
});

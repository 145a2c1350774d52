import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createUsers, one, reaches, splitFile, startWriter, stateOf, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
/** The server's, unchanged: what the application's deadlocks are found by. */
const DEADLOCK_TIMEOUT_MS = 1_000;

it('readers wait no longer than the limit while the expansion waits for a session that reads for long', async () => {
  const client = await connect(used.url);
  await createUsers(client, 1_000);
  const { bellows } = await stages.create({ url: used.url });
  const report = await connect(used.url, { application_name: 'nightly report' });
  await report.query('begin');
  await report.query('select count(*) from users');
  const readers = await Promise.all(
    [1, 2].map(async () =>
      startWriter(await connect(used.url), (n) => ['select full_name from users where id = $1', [-n]]),
    ),
  );
  const running = bellows.up({ until: 'expanded', detach: true });
  const attempts = `select coalesce(max(attempts), 0)::integer as value from bellows.steps`;
  await until(async () => (await one<number>(client, attempts)) >= 3, {
    timeoutMs: 20_000,
    what: 'three attempts',
  });
  expect(await stateOf(client)).toBe('expanding');
  expect(await one(client, `select blockers #>> '{0,application}' as value from bellows.steps`)).toBe(
    'nightly report',
  );
  await report.query('commit');
  expect((await running).reached).toBe(true);
  await Promise.all(readers.map((reader) => reader.stop()));
  expect(readers.flatMap((reader) => reader.errors)).toEqual([]);
  // The limit is 500 ms; what is above it is for the reading itself, on a busy machine.
  expect(Math.max(...readers.map((reader) => reader.slowest()))).toBeLessThan(750);
}, 60_000);

it('writers wait for a batch less than deadlock_timeout, however slow the mapping is', async () => {
  const client = await connect(used.url);
  expect(await one(client, `select current_setting('deadlock_timeout') as value`)).toBe('1s');
  await createUsers(client, 300);
  // Five rows a block, twenty milliseconds a row: the first batch, of hundreds of rows, would take seconds.
  await client.query(`update users set note = repeat('x', 1500)`);
  await client.query('vacuum full users');
  const slow = `split_part(full_name, ' ', 1) || left(pg_sleep(0.02)::text, 0)`;
  const { bellows } = await stages.create({ url: used.url, file: splitFile({ firstName: slow }) });
  await bellows.up({ until: 'expanded', detach: true });
  const writers = await Promise.all(
    [3, 7].map(async (step) =>
      startWriter(
        await connect(used.url),
        (n) => ['update users set note = note where id = $1', [-(1 + ((n * step) % 300))]],
        5,
      ),
    ),
  );
  const end = new AbortController();
  const running = bellows.up({ signal: end.signal });
  await reaches(client, 'settling', 45_000);
  await Promise.all(writers.map((writer) => writer.stop()));
  end.abort();
  await running;
  expect(writers.flatMap((writer) => writer.errors)).toEqual([]);
  expect(Math.min(...writers.map((writer) => writer.done()))).toBeGreaterThan(50);
  expect(Math.max(...writers.map((writer) => writer.slowest()))).toBeLessThan(DEADLOCK_TIMEOUT_MS);
}, 90_000);

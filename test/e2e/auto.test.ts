/** `concurrency: 'auto'`: a real run, whose server is idle and then busy. */
import { expect, it } from 'vitest';
import { connect } from '../support/database.js';
import { until } from '../support/until.js';
import { twoWays, useProjects, values } from './stage.js';

const ID = '20240101000000_wide';
const MOST = 3;
const projects = useProjects();

// The dead rows of the walk are not what this is about.
const CONFIG = `export default {
  backfill: { concurrency: 'auto', rowsPerSecond: 1000, vacuum: false },
  throttle: { active_sessions: { sessions: 20 }, dead_tuples: false, autovacuum: false },
};`;

/** Batches that were under way at the same time, at most; from what the ledger says of each one's begin and end. */
const TOGETHER = `
with moments as (
  select committed_at as at, -1 as change
  from bellows.batches
  union all
  select committed_at - milliseconds * interval '1 ms', 1
  from bellows.batches
)
select max(running)::integer as value
from (select sum(change) over (order by at, change) as running from moments) as together`;

it('takes a worker more where the server is idle and one fewer where it is busy, and never more than it may', {
  timeout: 120_000,
}, async () => {
  const project = await projects.open(
    { [ID]: twoWays('wide', 'name', 'name_up', `dropColumn('name')`) },
    { config: CONFIG },
  );
  const { bellows, client } = project;
  await client.query(`create table wide (id integer primary key, name text, filler text);
    alter table wide alter filler set storage plain;
    insert into wide select i, 'name ' || i, repeat('x', 300) from generate_series(1, 100000) i; analyze wide`);
  const upping = bellows.up();
  upping.catch(() => undefined);
  const one = async (text: string) => (await values<number>(client, text))[0] ?? 0;
  await until(
    async () => (await values(client, `select to_regclass('bellows.batches') as value`))[0] !== null,
  );
  const batches = () => one('select count(*)::integer as value from bellows.batches');
  await until(async () => (await batches()) > 0, { what: 'the first batch' });
  await bellows.set(ID, { 'max-concurrency': String(MOST) });

  const walkers = () =>
    one(`select count(*)::integer as value from bellows.ranges where state = 'open' and holder is not null`);
  const shown = async () => (await bellows.status()).migrations[0]?.backfill?.concurrency;
  const waitFor = (many: number) =>
    until(async () => (await shown()) === many && (await walkers()) === many, {
      what: `${many} workers`,
      timeoutMs: 45_000,
    });
  await waitFor(MOST);
  const before = await batches();
  await until(async () => (await batches()) > before + 20, { what: 'batches at the bound' });
  expect([await shown(), await walkers()]).toEqual([MOST, MOST]);
  expect((await bellows.statusOf(ID)).pace).toMatchObject({ auto: true, ceiling: MOST, concurrency: MOST });

  // Near the limit, so that it slows and does not hold.
  const busy = await Promise.all(Array.from({ length: 15 }, () => connect(projects.database.url)));
  const load = busy.map((session) => session.query('select pg_sleep(600)').catch((error: unknown) => error));
  await waitFor(1);
  await client.query(
    `select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'select pg_sleep%'`,
  );
  await Promise.all(load);
  await waitFor(2);

  await bellows.set(ID, { rate: 'none' });
  expect((await upping).migrations[0]?.state).toBe('gated');
  expect(await one(TOGETHER)).toBeLessThanOrEqual(MOST);
  const steps = (await bellows.history({ migration: ID }))
    .filter(({ action }) => action === 'steer')
    .map(({ detail }) => detail)
    .toReversed();
  expect(steps.slice(0, 4)).toEqual([
    { concurrency: { from: 1, to: 2 }, signal: expect.any(String) },
    { concurrency: { from: 2, to: 3 }, signal: expect.any(String) },
    { concurrency: { from: 3, to: 2 }, signal: expect.stringMatching(/^active_sessions: 1\d sessions/) },
    { concurrency: { from: 2, to: 1 }, signal: expect.stringMatching(/^active_sessions: 1\d sessions/) },
  ]);
});

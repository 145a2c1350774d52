/** Rows that old deploys write at the gate, while dead rows hold every batch. */
import { expect, it } from 'vitest';
import { until } from '../support/until.js';
import { migration, type Project, useProjects, values } from './stage.js';

const projects = useProjects();
const ID = '20240101000000_upper';
const FILE = migration(`{
  description: 'The name in capitals',
  table: 'people',
  expand: [addColumn('upper', 'text')],
  backfill: {
    read: ['name'],
    write: ['upper'],
    transform: async (rows) => rows.map(({ name }) => ({ upper: name.toUpperCase() })),
  },
  gate: { deployed: { api: '>=2' } },
  contract: [dropColumn('name')],
}`);

/** At its gate, with rows that wait, and with more dead rows than the walk may go on with. */
async function held(): Promise<Project> {
  const project = await projects.open(
    { [ID]: FILE },
    { overrides: { logLevel: 'silent', throttle: { dead_tuples: { percent: 20, rows: 100 } } } },
  );
  const { bellows, client } = project;
  await client.query(
    `create table people (id integer primary key, name text) with (autovacuum_enabled = off);
     insert into people select i, 'name ' || i from generate_series(1, 1000) i;
     analyze people`,
  );
  await bellows.up({ until: 'gated' });
  await bellows.set(ID, { vacuum: 'off' });
  await client.query(`update people set name = 'old ' || id`);
  await until(
    async () =>
      (
        await values<boolean>(client, `select pg_stat_get_dead_tuples('people'::regclass) >= 1000 as value`)
      )[0],
    { what: 'dead rows', timeoutMs: 20_000 },
  );
  return project;
}

it('a catch-up that is held says by what, and is released by a vacuum of the leader', async () => {
  const { bellows, client } = await held();
  const stop = new AbortController();
  const running = [bellows.serve({ signal: stop.signal }), bellows.worker({ signal: stop.signal })];
  try {
    const status = await until(
      async () => (await bellows.status()).migrations.find(({ waits }) => waits[0]?.cause === 'throttle'),
      { what: 'the hold', timeoutMs: 20_000 },
    );
    expect(status.next).toMatch(
      /^held by .*% of the table's rows are dead.*; released when the table is vacuumed/,
    );
    expect(status.backfill?.throttle.map(({ signal }) => signal)).toEqual(['dead_tuples']);
    await until(async () =>
      (await bellows.gate(ID)).checks.some((c) => c.check === 'ledger' && c.verdict === 'fail'),
    );
    expect(JSON.stringify((await bellows.statusOf(ID)).migration.waits)).not.toContain('by hand');
    await bellows.set(ID, { vacuum: 'on' });
    const waiting = `select from people where upper is distinct from upper(name) limit 1`;
    await until(async () => (await client.query(waiting)).rowCount === 0, { what: 'the catch-up' });
  } finally {
    stop.abort();
    await Promise.all(running);
  }
  // What a worker leaves behind that died: nobody is held by it.
  await client.query(
    `insert into bellows.holds (run_id, signal, value, "limit", text, release)
     select id, 'dead_tuples', 30, 20, '', '' from bellows.runs
     on conflict do nothing`,
  );
  const { migration: after } = await bellows.statusOf(ID);
  expect([after.backfill?.throttle, after.waits[0]?.cause]).toEqual([[], 'gate']);
});

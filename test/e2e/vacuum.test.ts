/** The table grows by a fraction where a plain loop doubles it; sizes are PostgreSQL's own. */
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { connect } from '../support/database.js';
import { until } from '../support/until.js';
import { type Project, twoWays, useProjects } from './stage.js';

const ID = '20240101000000_wide';
const projects = useProjects();

async function wideTable(client: pg.Client): Promise<void> {
  await client.query(
    `create table wide (id integer primary key, name text, filler text) with (autovacuum_enabled = off)`,
  );
  await client.query(
    `insert into wide select i, 'name ' || i, repeat('x', 200) from generate_series(1, 250000) i`,
  );
  await client.query('vacuum analyze wide');
}

async function sizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(`select pg_relation_size('wide') as bytes`);
  return Number(rows[0]?.bytes);
}

async function open(vacuum: boolean): Promise<{ readonly project: Project; readonly before: number }> {
  const project = await projects.open(
    { [ID]: twoWays('wide', 'name', 'name_up') },
    {
      overrides: {
        backfill: { vacuum, rowsPerSecond: 30_000 },
        ...(vacuum ? {} : { throttle: { dead_tuples: false } }),
      },
    },
  );
  await wideTable(project.client);
  return { project, before: await sizeOf(project.client) };
}

describe('the heap of a walked table', () => {
  it('grows by at most a quarter', async () => {
    const { project, before } = await open(true);
    await project.bellows.up({ until: 'gated' });
    expect((await sizeOf(project.client)) / before).toBeLessThan(1.25);
    const { rows } = await project.client.query('select runs from bellows.vacuums');
    expect(rows[0]?.runs).toBeGreaterThanOrEqual(5);
  });

  it('grows by more where nothing is vacuumed, and by far not to double: strides reuse room', async () => {
    const { project, before } = await open(false);
    await project.bellows.up({ until: 'gated' });
    const grown = (await sizeOf(project.client)) / before;
    expect(grown).toBeGreaterThan(1.25);
    expect(grown).toBeLessThan(1.6);
  });

  it('waits for who holds back vacuum, names them, and goes on by itself', async () => {
    const { project, before } = await open(true);
    const report = await connect(projects.database.url, { application_name: 'report' });
    await report.query('begin isolation level repeatable read; select 1');
    const running = project.bellows.up({ until: 'gated' });
    const held = await until(
      async () => {
        const { migrations } = await project.bellows.status();
        return migrations[0]?.backfill?.throttle.find(({ signal }) => signal === 'vacuum_horizon');
      },
      { what: 'a hold', timeoutMs: 20_000 },
    );
    expect(held.text).toMatch(
      /^vacuum_horizon: pid \d+ \(report, idle in transaction\) holds back vacuum for .* \(a vacuum of the walk is due\)$/,
    );
    expect(held.release).toMatch(/its transaction ends, or bellows kill \d+ ends it/);
    await report.query('commit');
    await running;
    expect((await sizeOf(project.client)) / before).toBeLessThan(1.45);
  });
});

/** Knobs turned while a real run goes; what they do is read from the ledger. */
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { type Project, refusal, twoWays, useProjects } from './stage.js';

const ID = '20240101000000_wide';
const projects = useProjects();

async function start(
  throttle = '',
): Promise<{ readonly project: Project; readonly ended: Promise<unknown> }> {
  const config = `export default { backfill: { rowsPerSecond: 500 }, throttle: { ${throttle} } };`;
  const project = await projects.open({ [ID]: twoWays('wide', 'name', 'name_up') }, { config });
  await project.client.query(`create table wide (id integer primary key, name text);
    insert into wide select i, 'name ' || i from generate_series(1, 30000) i; analyze wide`);
  const ended = project.bellows.up({ until: 'gated' });
  await until(async () => (await moved(project.client)) > 0, { what: 'the first rows' });
  return { project, ended };
}

async function moved(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    'select coalesce(sum(rows), 0)::integer as n from bellows.batches',
  );
  return rows[0]?.n ?? 0;
}

describe('set', () => {
  it('changes the speed of a run that goes, reads it back, and enters it into the history', async () => {
    const { project, ended } = await start();
    const { bellows, client } = project;
    const began = Date.now();
    expect(await moved(client)).toBeLessThan(5_000);
    const changes = { rate: 'none', concurrency: '2', 'batch-target': '50' };
    const { knobs } = await bellows.set(ID, changes, { reason: 'the launch is over' });
    expect(knobs.find(({ name }) => name === 'rate')?.value).toBeNull();
    await ended;
    // At 500 rows a second it would have taken a minute.
    expect(Date.now() - began).toBeLessThan(30_000);
    expect(await moved(client)).toBeGreaterThanOrEqual(30_000);
    const [entry] = (await bellows.history({ migration: ID })).filter(({ action }) => action === 'set_pace');
    expect(entry).toMatchObject({
      actor: 'test',
      detail: {
        reason: 'the launch is over',
        from: { rowsPerSecond: 500 },
        to: { rowsPerSecond: null, ceiling: 2, targetMs: 50 },
      },
    });
    const { pace } = await bellows.statusOf(ID);
    expect(pace).toMatchObject({ concurrency: 2, targetMs: 50, rowsPerSecond: null });
  });

  it('holds and releases by a limit', async () => {
    const { project, ended } = await start();
    const { bellows } = project;
    const held = async () => (await bellows.status()).migrations[0]?.backfill?.throttle ?? [];
    await bellows.set(ID, { 'connections.percent': '0.1', 'connections.slowPercent': '0.05' });
    await until(async () => (await held())[0]?.signal === 'connections', { what: 'a hold' });
    const before = await moved(project.client);
    await bellows.set(ID, { connections: 'off', rate: 'none' });
    await until(async () => (await moved(project.client)) > before, { what: 'more rows' });
    await ended;
    expect((await bellows.knobs(ID)).knobs.find(({ name }) => name === 'connections')?.value).toBe(false);
  });

  it('refuses what is no knob, all or nothing, and a run that is over', async () => {
    const { project, ended } = await start(`query: { load: { sql: 'select 1', limit: 10 } }`);
    const { bellows } = project;
    const wrong: Readonly<Record<string, string>>[] = [
      { rate: '1000', sped: '1' },
      { concurrency: 'many' },
      { 'replication_lag.hours': '1' },
      { 'replication_lag.seconds': '-1' },
      { http: 'on' },
      { window: 'at night' },
      { operator: 'off' },
      { 'query:none.limit': '5' },
    ];
    for (const changes of wrong) {
      expect((await refusal(bellows.set(ID, changes))).code, JSON.stringify(changes)).toBe('BELLOWS_KNOB');
    }
    const of = async (name: string) =>
      (await bellows.knobs(ID)).knobs.find((knob) => knob.name === name)?.value;
    expect(await of('rate')).toBe(500);
    await bellows.set(ID, {
      'query:load.limit': '5',
      'query:load': 'off',
      window: '00:00-24:00',
      rate: 'none',
    });
    expect(await of('query:load')).toBe(false);
    await bellows.set(ID, { 'query:load': 'on' });
    expect([await of('query:load'), await of('query:load.limit')]).toEqual([true, 5]);
    await ended;
    await bellows.rollback(ID);
    expect((await refusal(bellows.set(ID, { rate: '1' }))).code).toBe('BELLOWS_RUN_OVER');
  });
});

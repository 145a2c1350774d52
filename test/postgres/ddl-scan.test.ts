import { describe, expect, it } from 'vitest';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { action, type Bench, table, validate, withBench } from './ddl-bench.js';

const constraint = async ({ database }: Bench, name: string) =>
  (
    await database.query<{ validated: boolean }>(
      'select convalidated as validated from pg_constraint where conname = $1',
      [name],
    )
  )[0]?.validated;

describe.each([14, 15, 18] as const)('scans on %i', (major: Major) => {
  const used = useDatabase({ major });
  const withTable = (work: (bench: Bench) => Promise<void>) =>
    withBench(
      used.url,
      async (bench) => {
        await bench.database.query('create table t (id int, v text)');
        await bench.database.query(`insert into t select i, 'v' from generate_series(1, 100) i`);
        await bench.database.query('alter table t add constraint small check (id < 1000) not valid');
        await work(bench);
      },
      { pollMs: 20 },
    );

  it('validates, and does not scan again what is validated', async () => {
    await withTable(async (bench) => {
      expect(await bench.perform(validate('t', 'small'))).toEqual({ kind: 'done' });
      expect(await constraint(bench, 'small')).toBe(true);
      expect(await bench.perform(validate('t', 'small'))).toEqual({ kind: 'done' });
      expect(bench.events.at(-1)).toMatchObject({ payload: { skipped: true } });
    });
  });

  it('takes a constraint away that rows violate, and shows no row', async () => {
    await withTable(async (bench) => {
      await bench.database.query('alter table t add constraint tiny check (id < 50) not valid');
      const outcome = await bench.perform(validate('t', 'tiny'));
      expect(outcome).toEqual({
        kind: 'violated',
        what: 'tiny of table t: rows do not satisfy the check',
        sqlstate: '23514',
      });
      expect(await constraint(bench, 'tiny')).toBeUndefined();
    });
  });

  it('tells who keeps it from taking the constraint away', async () => {
    await withTable(async (bench) => {
      await bench.database.query('alter table t add constraint tiny check (id < 50) not valid');
      const reader = await connect(used.url, { application_name: 'pg_dump' });
      await reader.query('begin');
      await reader.query('lock table t in access share mode');
      expect(await bench.perform(validate('t', 'tiny'))).toMatchObject({
        kind: 'blocked',
        blockers: [{ application: 'pg_dump' }],
      });
      expect(await constraint(bench, 'tiny')).toBe(false);
      await reader.query('commit');
      expect(await bench.perform(validate('t', 'tiny'))).toMatchObject({ kind: 'violated' });
    });
  });

  it('waits for the same scan of an earlier leader', async () => {
    await withTable(async (bench) => {
      const { run, fence } = bench;
      const step = validate('t', 'small');
      const earlier = await connect(used.url);
      const sleeping = earlier.query(
        `/* bellows run=${run.id} step=${encodeURIComponent(step.id)} epoch=${fence.epoch - 1} */ select pg_sleep(0.5)`,
      );
      await until(
        async () =>
          (
            await bench.database.query(
              `select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
            )
          ).length > 0,
      );
      const begun = performance.now();
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      expect(performance.now() - begun).toBeGreaterThan(300);
      await sleeping;
    });
  });

  it('analyses every time it is asked to', async () => {
    await withTable(async (bench) => {
      const analyze = {
        ...validate('t', 'x'),
        id: 'settle/analyze',
        action: action('analyze', 'analyze public.t'),
        undoOnViolation: null,
        table: table('t'),
      };
      expect(await bench.perform(analyze)).toEqual({ kind: 'done' });
      await bench.database.query('delete from t');
      expect(await bench.perform(analyze)).toEqual({ kind: 'done' });
      expect(
        await bench.database.query(`select reltuples::int as rows from pg_class where relname = 't'`),
      ).toEqual([{ rows: 0 }]);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createUsers, one, SPLIT, stateOf, useStages } from './stage.js';

const SHAPE = `
  select string_agg(what, ', ' order by what) as value
  from (
    select 'column ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull as what
    from pg_attribute where attrelid = 'users'::regclass and attnum > 0 and not attisdropped
    union all
    select 'index ' || indexrelid::regclass from pg_index where indrelid = 'users'::regclass
    union all
    select 'trigger ' || tgname from pg_trigger where tgrelid = 'users'::regclass
    union all
    select 'constraint ' || conname from pg_constraint where conrelid = 'users'::regclass
    union all
    select 'function ' || oid::regprocedure from pg_proc
    where pronamespace = 'bellows'::regnamespace and proname not in ('refuse_change', 'demand_plain_lease', 'plain_applied')
  ) as found`;

describe.each([14, 18] as const)('on PostgreSQL %i', (major) => {
  const used = useDatabase({ major });
  const stages = useStages();

  it.each(['backfilling', 'gated'])(
    'from %s everything is rolled back, and the old side holds what new deploys wrote',
    async (state) => {
      const client = await connect(used.url);
      await createUsers(client, 10_000);
      await client.query('create schema if not exists bellows');
      const before = await one(client, SHAPE);
      const { bellows } = await stages.create({
        url: used.url,
        ...(state === 'gated' ? {} : { overrides: { backfill: { rowsPerSecond: 1_000 } } }),
      });
      const end = new AbortController();
      const running = bellows.up({ signal: end.signal });
      await until(async () => (await stateOf(client)) === state, {
        timeoutMs: 20_000,
        what: `the run to be ${state}`,
      });
      await client.query(`update users set last_name = 'Smith' where id in (-1, -10000)`);
      await client.query(`insert into users (first_name, last_name) values ('Only', 'New')`);
      await bellows.rollback(SPLIT);
      end.abort();
      await running;
      expect(await stateOf(client)).toBe('rolled_back');
      expect(await one(client, SHAPE)).toBe(before);
      const { rows } = await client.query(
        'select full_name from users where id in (-1, -2, -10000) or id > 0 order by full_name',
      );
      expect(rows.map((row) => row.full_name)).toEqual([
        'Given1 Smith',
        'Given10000 Smith',
        'Given2 Family2',
        'Only New',
      ]);
    },
    60_000,
  );
});

/** When a gate is looked at again. */
import { expect, it } from 'vitest';
import { until } from '../support/until.js';
import { useProjects } from './stage.js';

const projects = useProjects();

const fills = (table: string) => `import { addColumn, defineMigration, sql } from 'pgbellows';

export default defineMigration({
  description: 'A name in capitals',
  table: '${table}',
  expand: [addColumn('loud', 'text')],
  backfill: { set: { loud: sql\`upper(name)\` } },
});
`;
const FIRST = '20240101000000_people';

it('a gate is looked at anew as soon as another migration moves, which may have released it', async () => {
  const { bellows, client, write } = await projects.open({ [FIRST]: fills('people') });
  await client.query(`
    create table people (name text);
    create table animals (name text);
    insert into people select 'name ' || i from generate_series(1, 100) i;
    insert into animals select 'name ' || i from generate_series(1, 100) i`);
  await bellows.up();
  await write('20240102000000_animals', fills('animals'));
  await bellows.up({ until: 'done' }).catch(() => undefined);
  const { rows } = await client.query(
    `select extract(epoch from min(c.evaluated_at) - max(other.updated_at))::float8 as seconds
    from bellows.checks c
    join bellows.runs r on r.id = c.run_id
    join bellows.runs other on other.id <> r.id
    where r.migration = $1`,
    [FIRST],
  );
  // Where nothing moves it is looked at every 15 s.
  expect(rows[0].seconds).toBeGreaterThan(0);
  expect(rows[0].seconds).toBeLessThan(5);
});

it('a gate is looked at anew after a verification', async () => {
  const gated = fills('people').replace('backfill:', `gate: { deployed: { api: '>=2' } },\n  backfill:`);
  const { bellows, client } = await projects.open({ [FIRST]: gated });
  await client.query(
    `create table people (name text); insert into people select 'name ' || i from generate_series(1, 100) i`,
  );
  await bellows.up({ until: 'gated' });
  const stop = new AbortController();
  const leading = bellows.serve({ signal: stop.signal });
  try {
    await bellows.verify(FIRST);
    const looked = `
      select extract(epoch from c.evaluated_at - v.finished_at)::float8 as seconds
      from bellows.checks c
      join (select id, finished_at from bellows.verifications order by id desc limit 1) v
        on c.evidence like 'verification ' || v.id || ' %'
      where c.check_id = 'values'`;
    const row = await until(async () => (await client.query(looked)).rows[0], {
      what: 'the gate to be looked at',
    });
    expect(row.seconds).toBeLessThan(5);
  } finally {
    stop.abort();
    await leading;
  }
});

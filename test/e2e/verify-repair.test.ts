import { expect, it } from 'vitest';
import { migration, twoWays, useProjects } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';

it('verify finds what was changed behind the trigger, --repair puts it right, and the gate passes again', {
  timeout: 60_000,
}, async () => {
  const project = await projects.open({ [A]: twoWays('items', 'a', 'b') });
  const { bellows, client } = project;
  await client.query(`create table items (id integer primary key, a text);
    insert into items select i, 'x' || i from generate_series(1, 5000) i`);
  await bellows.up();
  await client.query(`insert into items (id, b) values (6001, 'NEW'), (6002, 'OLDER');
    insert into items (id, a, b) values (6003, 'mine', 'and mine')`);
  const triggers = await client.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgrelid = 'items'::regclass and tgname like '~bellows%'`,
  );
  const each = (mode: string) =>
    triggers.rows.map(({ name }) => `alter table items ${mode} trigger "${name}"`).join(';');
  await client.query(`begin; ${each('disable')};
    update items set b = 'WRONG' where id in (7, 4000);
    update items set a = 'wrong' where id = 6001;
    ${each('enable always')}; commit`);

  const told: number[] = [];
  const found = await bellows.verify(A, { parallel: 3, onProgress: (done) => told.push(done) });
  expect(found).toMatchObject({ rows: 5_003, mismatched: 3, bothDisagree: 1, pending: 0, repaired: null });
  expect(told.length).toBeGreaterThan(0);
  const shut = (await bellows.gate(A)).checks.find((check) => check.check === 'values');
  expect([shut?.verdict, shut?.release]).toEqual(['fail', expect.stringContaining('--repair')]);

  const repaired = await bellows.verify(A, { repair: true });
  expect(repaired).toMatchObject({ mismatched: 0, pending: 2, bothDisagree: 1 });
  expect(repaired.repaired).toEqual({ recomputed: 1, returned: 2, left: 0 });
  await bellows.up();
  const { rows } = await client.query(
    `select id, a, b from items where id in (7, 4000, 6001, 6003) order by id`,
  );
  expect(rows).toEqual([
    { id: 7, a: 'x7', b: 'X7' },
    { id: 4000, a: 'x4000', b: 'X4000' },
    { id: 6001, a: 'new', b: 'NEW' },
    { id: 6003, a: 'mine', b: 'and mine' },
  ]);
  const passed = (await bellows.gate(A)).checks.find((check) => check.check === 'values');
  expect(passed?.verdict).toBe('pass');
});

it('the setting of how many parts are read at a time is refused where it is none', async () => {
  const opening = projects.open(
    { [A]: migration(`{ description: 'x', table: 'items', expand: [addColumn('b', 'text')] }`) },
    { config: 'export default { backfill: { verifyParallel: 0 } };' },
  );
  await expect(opening).rejects.toThrow(/verifyParallel.*from 1 to 8/);
});

import { expect, it } from 'vitest';
import { migration, useProjects } from './stage.js';

const projects = useProjects();
const fill = (extra = '') =>
  migration(
    `{ description: 'x', table: 'items', backfill: { set: { price: sql\`'none'\` }, where: sql\`price is null\`${extra} } }`,
  );

it('plan says how the rows of a backfill are found, and where an index is missing', {
  timeout: 30_000,
}, async () => {
  const { bellows, client } = await projects.open({
    '20240101000000_a': fill(),
    '20240102000000_b': fill(`, order: 'newest first'`),
  });
  await client.query(`create table items (id integer primary key, price text, filler text);
    alter table items alter filler set storage plain;
    insert into items select i, case when i % 100 > 0 then 'x' end, repeat('y', 500) from generate_series(1, 20000) i`);
  await client.query('analyze items');
  const accesses = async () => (await bellows.plan()).map(({ batches }) => batches[0]);
  const [without, ordered] = await accesses();
  expect(without?.access).toMatch(/^block by block.*no index serves `where`; about \d+ rows match$/);
  expect(without?.explain.join('\n')).toContain('Tid Range Scan');
  expect(ordered?.access).toBe('down the primary key (id), newest first');
  expect(ordered?.explain.join('\n')).toContain('Index Only Scan Backward using items_pkey');
  await client.query('create index items_unpriced on items (id) where price is null; analyze items');
  const [found] = await accesses();
  expect(found?.access).toMatch(/^by the index items_unpriced.*about \d+ rows match$/);
  expect(found?.explain.join('\n')).toContain('items_unpriced');

  // What it said is what is done.
  const { migrations } = await bellows.up();
  expect(migrations.map(({ state }) => state)).toEqual(['done', 'done']);
  const ranges = await client.query(
    `select migration, kind, count(*) > 1 as several
    from bellows.ranges join bellows.runs on runs.id = run_id
    where pass = 1 group by migration, kind order by migration`,
  );
  expect(ranges.rows).toEqual([
    { migration: '20240101000000_a', kind: 'picked', several: false },
    { migration: '20240102000000_b', kind: 'keys', several: true },
  ]);
  const { rows } = await client.query('select count(*)::integer as n from items where price is null');
  expect(rows).toEqual([{ n: 0 }]);
});

it('plan says the same of the rows that a copy takes', { timeout: 30_000 }, async () => {
  const text = (where: string) =>
    migration(`{
      description: 'x',
      table: 'items',
      backfill: { copy: { into: 'prices', key: { item_id: 'id' }, set: { price: sql\`price\` }${where} } },
    }`);
  const { bellows, client } = await projects.open({
    '20240101000000_a': text(', where: sql`price is not null`'),
    '20240102000000_b': text(''),
  });
  await client.query(`create table items (id integer primary key, price text, filler text);
    create table prices (item_id integer primary key, price text);
    alter table items alter filler set storage plain;
    insert into items select i, case when i % 100 = 0 then 'x' end, repeat('y', 500) from generate_series(1, 20000) i`);
  await client.query('analyze items');
  const accesses = async () => (await bellows.plan()).map(({ batches }) => batches[0]);
  const [without, all] = await accesses();
  expect(without?.access).toMatch(/^block by block.*no index serves `where`; about \d+ rows match$/);
  expect(all?.access).toBe('block by block, through the whole table');
  await client.query('create index items_priced on items (id) where price is not null; analyze items');
  const [found] = await accesses();
  expect(found?.access).toMatch(/^by the index items_priced.*about \d+ rows match$/);
  expect(found?.explain.join('\n')).toContain('items_priced');

  // What it said is what is done.
  const { migrations } = await bellows.up({ migration: '20240101000000_a' });
  expect(migrations.map(({ state }) => state)).toEqual(['gated']);
  const ranges = await client.query('select distinct kind from bellows.ranges where pass = 1');
  expect(ranges.rows).toEqual([{ kind: 'picked' }]);
  const { rows } = await client.query('select count(*)::integer as n from prices');
  expect(rows).toEqual([{ n: 200 }]);
});

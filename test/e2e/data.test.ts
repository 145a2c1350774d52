import { expect, it } from 'vitest';
import { columnsOf, migration, refusal, shapeOf, stateOf, twoWays, useProjects, values } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';

/** `n` is text; one of the rows holds no number. */
const NUMBERS = migration(`{
  description: 'A text becomes a number',
  table: 'items',
  expand: [addColumn('n2', 'integer')],
  backfill: { set: { n2: sql\`n::integer\` }, reverse: { n: sql\`n2::text\` } },
  contract: [dropColumn('n')],
}`);

async function poisoned(): Promise<Awaited<ReturnType<typeof projects.open>>> {
  const project = await projects.open({ [A]: NUMBERS });
  await project.client.query(`create table items (id bigint primary key, n text, note text)`);
  await project.client.query(
    `insert into items select i, case when i = 77 then 'seventy' else i::text end from generate_series(1, 2000) i`,
  );
  return project;
}

it('a row that the mapping refuses is quarantined, and the gate stays shut until it is corrected', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await poisoned();
  const { migrations } = await bellows.up();
  expect(migrations[0]).toMatchObject({ state: 'gated', backfill: { rowsDone: 1999, quarantined: 1 } });
  const listed = await bellows.quarantine.list(A);
  expect(listed).toMatchObject([
    {
      migration: A,
      table: expect.stringContaining('items'),
      key: '{"id":77}',
      sqlstate: '22P02',
      state: 'open',
    },
  ]);
  // Keys and classes, never values.
  expect(JSON.stringify([listed, migrations, await bellows.history()])).not.toContain('seventy');
  await bellows.approve(A, { reason: 'too early' });
  const shut = await refusal(bellows.contract(A));
  expect([shut.code, shut.exit]).toEqual(['BELLOWS_GATE_SHUT', 1]);
  expect(shut.text.what).toContain('quarantine');
  // Tried again as it is, it comes back.
  expect(await bellows.quarantine.retry(A)).toBe(1);
  await bellows.up();
  expect(await bellows.quarantine.list(A)).toEqual(
    expect.arrayContaining([expect.objectContaining({ state: 'open' })]),
  );
  await client.query(`update items set n = '77' where id = 77`);
  const open = (await bellows.quarantine.list(A)).filter((row) => row.state === 'open');
  if (open.length > 0) await bellows.quarantine.retry(A);
  await bellows.up();
  await bellows.approve(A, { reason: 'corrected' });
  expect((await bellows.contract(A)).state).toBe('done');
  expect(await values(client, 'select count(*)::integer as value from items where n2 = id')).toEqual([2000]);
});

it('a row that is skipped, with a reason, no longer shuts the gate', { timeout: 60_000 }, async () => {
  const { bellows, client } = await poisoned();
  await bellows.up();
  expect(await bellows.quarantine.skip(A, { reason: 'known to be junk' })).toBe(1);
  await bellows.approve(A, { reason: 'one row less' });
  expect((await bellows.contract(A)).state).toBe('done');
  expect(await values(client, 'select n2 as value from items where id in (76, 77) order by id')).toEqual([
    76,
    null,
  ]);
  expect((await bellows.history({ migration: A })).map((h) => JSON.stringify(h)).join()).toContain(
    'known to be junk',
  );
});

it('the application may write what the mapping refuses, and the row is marked', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await poisoned();
  await client.query(`update items set n = '77' where id = 77`);
  await bellows.up();
  await client.query(`update items set n = 'eighty' where id = 80`);
  await client.query(`insert into items (id, n) values (3000, 'three thousand')`);
  await bellows.approve(A, { reason: 'without looking' });
  const shut = await refusal(bellows.contract(A));
  expect(shut.text.what).toContain('quarantine');
  await client.query(`update items set n = id::text where id in (80, 3000)`);
  await bellows.up();
  await bellows.verify(A);
  await bellows.approve(A, { reason: 'looked' });
  expect((await bellows.contract(A)).state).toBe('done');
  expect(await values(client, 'select count(*)::integer as value from items where n2 = id')).toEqual([2001]);
});

it('values that somebody changed behind the trigger are found, and repaired', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open({ [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`) });
  await client.query(`create table items (id bigint primary key, a text not null)`);
  await client.query(`insert into items select i, 'a' || i from generate_series(1, 1000) i`);
  await bellows.up();
  expect(await bellows.verify(A)).toMatchObject({ rows: 1000, pending: 0, mismatched: 0 });
  await client.query('alter table items disable trigger user');
  await client.query(`update items set a2 = 'WRONG' where id in (5, 6)`);
  await client.query(`update items set a = 'lost' where id = 7`);
  const triggers = await client.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgrelid = 'items'::regclass and not tgisinternal`,
  );
  for (const { name } of triggers.rows)
    await client.query(`alter table items enable always trigger "${name}"`);
  expect((await bellows.verify(A)).mismatched).toBe(3);
  await bellows.approve(A, { reason: 'in spite of it' });
  expect((await refusal(bellows.contract(A))).text.what).toContain('values');
  await bellows.verify(A, { repair: true });
  await bellows.up();
  expect(await bellows.verify(A)).toMatchObject({ pending: 0, mismatched: 0 });
  expect(await values(client, 'select a2 as value from items where id in (5, 6, 7) order by id')).toEqual([
    'A5',
    'A6',
    'LOST',
  ]);
  await bellows.approve(A, { reason: 'repaired' });
  expect((await bellows.contract(A)).state).toBe('done');
});

it('a NULL against NOT NULL sends the contract back to the gate, both shapes intact', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open({
    [A]: twoWays('items', 'a', 'a2', `setNotNull('a2'), dropColumn('a')`),
  });
  await client.query(`create table items (id bigint primary key, a text)`);
  await client.query(`insert into items select i, nullif('a' || i, 'a5') from generate_series(1, 1000) i`);
  await bellows.up();
  const shape = await shapeOf(client);
  await bellows.approve(A, { reason: 'there will be no NULL' });
  const error = await refusal(bellows.contract(A));
  expect(error.exit).toBe(1);
  expect(await shapeOf(client)).toEqual(shape);
  expect((await bellows.status()).migrations[0]).toMatchObject({ state: 'gated', failed: null });
  // Both sides go on, and nothing that was half added refuses a write.
  await client.query(`insert into items (id, a) values (2000, null)`);
  await client.query(`update items set a2 = 'NEW' where id = 1; update items set a = 'old' where id = 2`);
  expect(await values(client, 'select a || a2 as value from items where id in (1, 2) order by id')).toEqual([
    'newNEW',
    'oldOLD',
  ]);
  await client.query(`update items set a = 'here' where a is null`);
  await bellows.up();
  await bellows.approve(A, { reason: 'corrected' });
  expect((await bellows.contract(A)).state).toBe('done');
  expect(await columnsOf(client, 'items')).toEqual(['id bigint not null', 'a2 text not null']);
});

it('a view over the column that is dropped sends the contract back to the gate, and is named', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open({ [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`) });
  await client.query(`create table items (id bigint primary key, a text);
    insert into items select i, 'a' || i from generate_series(1, 100) i;
    create view report as select a from items`);
  await bellows.up();
  const shape = await shapeOf(client);
  await bellows.approve(A, { reason: 'nobody reads it' });
  const error = await refusal(bellows.contract(A));
  expect(error.exit).toBe(1);
  expect(`${error.text.what} ${error.text.why}`).toContain('report');
  expect(await shapeOf(client)).toEqual(shape);
  await client.query(`update items set a2 = 'NEW' where id = 1`);
  expect(await values(client, 'select a as value from report where a !~ $$^a\\d$$')).toEqual(['new']);
  await client.query('drop view report');
  await bellows.up();
  await bellows.approve(A, { reason: 'it is gone' });
  expect((await bellows.contract(A)).state).toBe('done');
});

it('a gate that is shut contracts nothing; a skipped check is said to be skipped', {
  timeout: 60_000,
}, async () => {
  const project = await projects.open({
    [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`, `gate: { soak: '1h' }`),
  });
  const { bellows, client } = project;
  await client.query(`create table items (id bigint primary key, a text)`);
  await client.query(`insert into items values (1, 'a')`);
  await bellows.up();
  const shape = await shapeOf(client);
  const error = await refusal(bellows.contract(A));
  expect([error.code, error.exit, error.text.what]).toEqual([
    'BELLOWS_GATE_SHUT',
    1,
    expect.stringContaining('soak, approval'),
  ]);
  expect([await stateOf(project, A), await shapeOf(client)]).toEqual(['gated', shape]);
  await bellows.approve(A, { reason: 'now' });
  const skipped = await bellows.skipCheck(A, 'soak', { reason: 'a test table' });
  expect([skipped.open, skipped.checks.find((c) => c.check === 'soak')?.skipped]).toEqual([
    true,
    expect.stringContaining('a test table'),
  ]);
  expect((await bellows.contract(A)).state).toBe('done');
});

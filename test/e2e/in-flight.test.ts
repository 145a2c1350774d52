import { expect, it } from 'vitest';
import { until } from '../support/until.js';
import {
  columnsOf,
  migration,
  type Project,
  refusal,
  shapeOf,
  stateOf,
  twoWays,
  useProjects,
  values,
} from './stage.js';

const projects = useProjects();
const [A, B, C] = ['20240101000000_a', '20240102000000_b', '20240103000000_c'] as const;

async function items({ client }: Project, rows = 500): Promise<void> {
  await client.query(`create table items (id bigint primary key, a text not null, b text);
    create table others (id bigint primary key, c text not null)`);
  await client.query(`insert into items select i, 'a' || i, 'b' || i from generate_series(1, ${rows}) i`);
  await client.query(`insert into others select i, 'c' || i from generate_series(1, ${rows}) i`);
}

it('a later migration waits where it touches the same column, and says so; elsewhere it runs', {
  timeout: 60_000,
}, async () => {
  const project = await projects.open({
    [A]: twoWays('items', 'a', 'a2', `setNotNull('a2'), dropColumn('a')`),
    [B]: migration(
      `{ description: 'An index on what the first one makes', table: 'items', expand: [createIndex(['a2'])] }`,
    ),
    [C]: twoWays('others', 'c', 'c2', `dropColumn('c')`),
  });
  await items(project);
  const { migrations } = await project.bellows.up();
  expect(migrations.map((m) => m.state)).toEqual(['gated', 'pending', 'gated']);
  expect(migrations[1]?.next).toContain(A);
  await project.bellows.approve(A, { reason: 'go' });
  await project.bellows.contract(A);
  await project.bellows.up();
  expect(await stateOf(project, B)).not.toBe('pending');
  expect(await columnsOf(project.client, 'items')).toEqual([
    'id bigint not null',
    'b text',
    'a2 text not null',
  ]);
  expect(
    await values(
      project.client,
      `select count(*)::integer as value from pg_index where indrelid = 'items'::regclass and indisvalid`,
    ),
  ).toEqual([2]);
});

it.each([
  [A, B],
  [B, A],
] as const)(
  'one run at a time backfills a table: after %s, %s waits, says so, and goes on by itself',
  {
    timeout: 60_000,
  },
  async (first, second) => {
    const project = await projects.open(
      {
        [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`),
        [B]: twoWays('items', 'b', 'b2', `dropColumn('b')`),
      },
      { overrides: { backfill: { rowsPerSecond: 500 } } },
    );
    // So few that their dead rows hold nothing.
    await items(project, 8_000);
    const { bellows, client } = project;
    await bellows.up({ migration: first, detach: true });
    const upping = bellows.up();
    const waits = async (id: string) => (await bellows.status()).migrations.find((m) => m.id === id)?.waits;
    const one = {
      ...{ cause: 'order', reason: `waits for ${first}: it backfills items` },
      next: 'it goes on by itself',
    };
    await until(async () => (await waits(second))?.some(({ cause }) => cause === 'order'), {
      what: 'a wait',
    });
    expect(await waits(second)).toEqual([one]);
    expect((await bellows.statusOf(second)).migration).toMatchObject({
      ...{ state: 'backfilling', waits: [one], next: one.reason },
    });
    expect(await waits(first)).toEqual([]);
    await bellows.set(first, { rate: 'none' });
    await until(async () => (await waits(second))?.length === 0, { what: 'the end of the wait' });
    await bellows.set(second, { rate: 'none' });
    expect((await upping).migrations.map(({ state }) => state)).toEqual(['gated', 'gated']);
    const early = `select count(*)::integer as value
    from bellows.batches b
    join bellows.runs r on r.id = b.run_id
    join bellows.history h on h.migration = '${first}' and h.action = 'backfilled'
    where r.migration = '${second}'
      and b.committed_at < h.at`;
    expect(await values(client, early)).toEqual([0]);
  },
);

it('the list says of each migration what its own screen says', { timeout: 60_000 }, async () => {
  const project = await projects.open({
    [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`),
    [C]: twoWays('others', 'c', 'c2'),
  });
  await items(project);
  await project.client.query('delete from others where id > 120');
  await project.bellows.up();
  const { migrations } = await project.bellows.status();
  expect(migrations.map(({ id, backfill }) => [id, backfill?.rowsDone])).toEqual([
    [A, 500],
    [C, 120],
  ]);
  for (const listed of migrations) {
    const alone = await project.bellows.statusOf(listed.id);
    expect(alone.migration).toEqual(listed);
    expect(listed.gate.map(({ check }) => check)).toContain('values');
  }
});

it('an edited file stops its run with exit code 5, and restored it goes on', {
  timeout: 60_000,
}, async () => {
  const text = twoWays('items', 'a', 'a2', `dropColumn('a')`);
  const project = await projects.open({ [A]: text });
  await items(project);
  await project.bellows.up();
  const shape = await shapeOf(project.client);
  await project.write(A, text.replace('upper(', 'initcap('));
  for (const verb of [() => project.bellows.up(), () => project.bellows.contract(A)]) {
    const drift = await refusal(verb());
    expect([drift.code, drift.exit]).toEqual(['BELLOWS_DRIFT', 5]);
    expect(drift.text.what).toContain(A);
  }
  expect((await project.bellows.statusOf(A)).drift).toContain('edited');
  const approved = await project.bellows.approve(A, { reason: 'not this one' });
  expect(approved.checks.find((c) => c.check === 'checksum')?.verdict).toBe('fail');
  await project.remove(A);
  expect((await refusal(project.bellows.up())).text.what).toContain('gone');
  expect(await shapeOf(project.client)).toEqual(shape);
  // A comment is no change of the definition.
  await project.write(A, `// restored\n${text}`);
  await project.bellows.up();
  expect((await project.bellows.contract(A)).state).toBe('done');
});

it('pause stops the batches, resume goes on, and both are in the history', { timeout: 60_000 }, async () => {
  const project = await projects.open(
    { [A]: twoWays('items', 'a', 'a2') },
    { overrides: { backfill: { rowsPerSecond: 2_000 } } },
  );
  await items(project, 10_000);
  const { bellows, client } = project;
  const upping = bellows.up();
  const ledger = async () =>
    (
      await values<number>(client, 'select coalesce(sum(rows), 0)::integer as value from bellows.batches')
    )[0] ?? 0;
  while (
    !(await values<boolean>(client, `select to_regclass('bellows.batches') is not null as value`))[0] ||
    (await ledger()) === 0
  ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const paused = await bellows.pause(A, { reason: 'the sale begins' });
  expect(paused).toMatchObject({ state: 'backfilling', paused: { by: 'test', reason: 'the sale begins' } });
  expect((await upping).reached).toBe(false);
  const before = await ledger();
  expect(before).toBeLessThan(10_000);
  // A whole `up` of a paused run moves nothing.
  expect((await bellows.up()).reached).toBe(false);
  expect(await ledger()).toBe(before);
  await bellows.resume(A);
  expect((await bellows.up()).reached).toBe(true);
  expect(await ledger()).toBe(10_000);
  const actions = (await bellows.history({ migration: A })).map((h) => h.action);
  expect(actions).toEqual(expect.arrayContaining(['pause', 'resume']));
});

it('rolled back it leaves nothing, and runs again when it is named or changed', {
  timeout: 60_000,
}, async () => {
  const project = await projects.open({ [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`) });
  await items(project);
  const { bellows, client } = project;
  const shape = await shapeOf(client);
  await bellows.up();
  await client.query(`update items set a2 = 'NEW' where id = 7`);
  expect((await bellows.rollback(A)).state).toBe('rolled_back');
  expect(await shapeOf(client)).toEqual(shape);
  expect(await values(client, 'select a as value from items where id in (7, 8) order by id')).toEqual([
    'new',
    'a8',
  ]);
  expect(await bellows.up().then((r) => r.migrations[0]?.state)).toBe('rolled_back');
  expect((await bellows.up({ migration: A })).migrations[0]?.state).toBe('gated');
  await bellows.rollback();
  await project.write(A, twoWays('items', 'a', 'a3', `dropColumn('a')`));
  expect((await bellows.up()).migrations[0]?.state).toBe('gated');
  await bellows.approve(A, { reason: 'third time' });
  expect((await bellows.contract(A)).state).toBe('done');
  expect(await columnsOf(client, 'items')).toEqual(['id bigint not null', 'b text', 'a3 text']);
});

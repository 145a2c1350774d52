import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { renderError } from '#core/errors';
import { installSchema, shippedVersions } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { connect, useDatabase } from '../support/database.js';
import { spawnNode } from '../support/processes.js';
import { useOpen } from './open.js';

const used = useDatabase();
const open = useOpen();
const INSTALL = fileURLToPath(new URL('./install-once.ts', import.meta.url));

test('twenty first starts at once, some of them in other processes, leave one clean schema', async () => {
  const children = Array.from({ length: 3 }, () => spawnNode([INSTALL], { env: { DATABASE_URL: used.url } }));
  await Promise.all(children.map((child) => child.waitForLine(/ready/)));
  const pools = Array.from({ length: 17 }, () => open(used.url, { max: 1 }));
  const results = await Promise.all(pools.map((db) => installSchema(db)));
  const exits = await Promise.all(children.map((child) => child.exited));
  expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
  const shipped = await shippedVersions();
  expect(results.every(({ to }) => to === shipped.length)).toBe(true);
  const [db] = pools;
  expect(await db?.query('select version from bellows.schema_version')).toEqual(
    shipped.map(({ version }) => ({ version })),
  );
  expect(await db?.query('select name, epoch from bellows.lease order by name')).toEqual([
    { name: 'leader', epoch: 0 },
    { name: 'plain', epoch: 0 },
  ]);
});

test('an upgrade is in place and once, whoever comes first', async () => {
  const shipped = await shippedVersions();
  const next = {
    version: 999,
    sql: `alter table bellows.lease add column note text; update bellows.lease set note = 'kept';`,
  };
  const first = open(used.url);
  await installSchema(first);
  await first.query(`update bellows.lease set epoch = 7 where name = 'leader'`);
  const pools = Array.from({ length: 5 }, () => open(used.url, { max: 1 }));
  const results = await Promise.all(pools.map((db) => installSchema(db, [...shipped, next])));
  expect(results.filter(({ from }) => from !== 999)).toHaveLength(1);
  expect(await first.query(`select epoch, note from bellows.lease where name = 'leader'`)).toEqual([
    { epoch: 7, note: 'kept' },
  ]);
});

test('a version that fails leaves the one before', async () => {
  const shipped = await shippedVersions();
  const db = open(used.url);
  await installSchema(db);
  const broken = { version: 999, sql: 'create table bellows.half (id int); select 1 / 0;' };
  await expect(installSchema(db, [...shipped, broken])).rejects.toMatchObject({ code: '22012' });
  expect(
    await db.query(
      `select to_regclass('bellows.half') as half, max(version) as version from bellows.schema_version`,
    ),
  ).toEqual([{ half: null, version: shipped.length }]);
});

test('a newer schema is refused', async () => {
  const db = open(used.url);
  await installSchema(db);
  await db.query('insert into bellows.schema_version (version) values (999)');
  const error = await installSchema(db).catch((reason: unknown) => reason);
  const { length } = await shippedVersions();
  expect(renderError(error as never)).toEqual([
    `The schema "bellows" of this database has version 999; this Bellows knows versions up to ${length}. [BELLOWS_SCHEMA_NEWER]`,
    'why:  A newer Bellows upgraded it, and an older one would misread it.',
    'left: Nothing was changed.',
    'next: npm install pgbellows@latest',
  ]);
});

test('a role without CREATE is told the grant, and the grant is enough', async () => {
  const admin = await connect(used.url);
  const role = `Mig ${used.name}`;
  await admin.query(`create role "${role}" login`);
  try {
    const url = new URL(used.url);
    url.username = encodeURIComponent(role);
    const db = open(url.href);
    const error = (await installSchema(db).catch((reason: unknown) => reason)) as never;
    const words = renderError(error).map((line) => line.replaceAll(used.name, 'NAME'));
    expect(words).toMatchInlineSnapshot(`
      [
        "Role "Mig NAME" may not set up or use the schema "bellows" in database "NAME". [BELLOWS_SCHEMA_PERMISSION]",
        "why:  It lacks the CREATE privilege on the database.",
        "left: Nothing was changed.",
        "next: As the owner of the database, once: grant create on database "NAME" to "Mig NAME";",
      ]
    `);
    await admin.query((error as { data: { grant: string } }).data.grant);
    expect(await installSchema(db)).toMatchObject({ from: 0 });
    await db.close();
  } finally {
    await admin.query(`drop owned by "${role}"`);
    await admin.query(`drop role "${role}"`);
  }
});

test('an administrator may make the schema instead', async () => {
  const admin = await connect(used.url);
  const role = `made_${used.name}`;
  await admin.query(`create role "${role}" login`);
  await admin.query(`create schema bellows authorization "${role}"`);
  try {
    const url = new URL(used.url);
    url.username = role;
    const db = open(url.href);
    expect(await installSchema(db)).toMatchObject({ from: 0 });
    await db.close();
  } finally {
    await admin.query(`drop owned by "${role}" cascade`);
    await admin.query(`drop role "${role}"`);
  }
});

test("somebody else's schema of that name is not touched", async () => {
  const db = open(used.url);
  await db.query('create schema bellows');
  await db.query('create table bellows.runs (mine text)');
  const error = await installSchema(db).catch((reason: unknown) => reason);
  expect(
    renderError(error as never).map((line) => line.replaceAll(used.name, 'NAME')),
  ).toMatchInlineSnapshot(`
    [
      "Database "NAME" has a schema "bellows" that holds other objects than those of Bellows. [BELLOWS_SCHEMA_OCCUPIED]",
      "why:  Names of its objects are those that Bellows needs.",
      "left: Nothing was changed.",
      "next: Rename that schema: alter schema bellows rename to something_else;",
    ]
  `);
  expect(
    await db.query(`select table_name from information_schema.tables where table_schema = 'bellows'`),
  ).toEqual([{ table_name: 'runs' }]);
});

test.each([
  `update bellows.history set actor = 'nobody'`,
  'delete from bellows.history',
  'delete from bellows.history where false',
  'truncate bellows.history',
])('history is append-only: %s', async (statement) => {
  const db = open(used.url);
  await installSchema(db);
  await db.query(`insert into bellows.history (actor, action) values ('api', 'x')`);
  await expect(db.query(statement)).rejects.toMatchObject({ code: '42501' });
  expect(await db.query('select actor from bellows.history')).toEqual([{ actor: 'api' }]);
});

test('the totals of ranges are those of the ledger, also of a run that an earlier version began', async () => {
  const db = open(used.url);
  const versions = await shippedVersions();
  await installSchema(
    db,
    versions.filter(({ version }) => version < 7),
  );
  await db.query(`insert into bellows.runs (id, migration, checksum, plan, state) overriding system value
    values (1, 'm', 'c', '{}', '{"kind": "backfilling"}')`);
  await db.query(`insert into bellows.ranges
    (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor)
    select 1, 0, pass, 0, 'public', 't', 0, 0, 100, 30 from generate_series(1, 3) as pass`);
  await db.query(`insert into bellows.batches (run_id, range_id, lo, hi, rows, left_behind, milliseconds)
    select 1, 1 + (i % 2), i, i + 1, i, i % 3, 1 from generate_series(1, 20) as i`);
  await installSchema(db, versions);
  expect(
    await db.query(
      `select rows_moved::integer as rows, rows_left::integer as left, summed_to::integer as to
       from bellows.ranges
       order by id`,
    ),
  ).toEqual([
    { rows: 110, left: 11, to: 20 },
    { rows: 100, left: 10, to: 19 },
    { rows: 0, left: 0, to: 0 },
  ]);
});

describe('on the oldest server that is served', () => {
  const oldest = useDatabase({ major: 14 });
  const openOldest = useOpen();

  test('the schema, the lease and a direct session are the same', async () => {
    const db = openOldest(oldest.url);
    expect(await installSchema(db)).toMatchObject({ from: 0 });
    expect(await createLease(db, 'a/1').acquire()).toMatchObject({ epoch: 1 });
    expect(
      await db.direct(new AbortController().signal, (session) => session.query('select 1 as one')),
    ).toEqual([{ one: 1 }]);
  });
});

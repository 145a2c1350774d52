/** What strides bring: the room of the rows before. On servers of their own, since any transaction of any database takes it away. */
import { afterEach, describe, expect, it } from 'vitest';
import { planWalk } from '#phases/backfill/ranges';
import { connect } from '../support/connections.js';
import { useOwnServer } from '../support/own-server.js';
import {
  backfill,
  count,
  ledgerProblems,
  openWorkshop,
  reread,
  rowsInLedger,
  startSynced,
  USERS,
  usersTable,
  type Workshop,
  WRONG_USERS,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { type Source, start } from './transform-fixture.js';

const ROWS = 120_000;
/** A batch that takes twice as long ends the strides of its span, and on a busy machine one may. */
const STEADY = { targetMs: 60 };
/** Of a table and of an index that no batch writes a column of. */
const SIZES = 'select pg_relation_size($1)::float8 as heap, pg_relation_size($2)::float8 as index';

let shop: Workshop | undefined;
afterEach(() => shop?.close());

/** A workshop in a database of its own; `other` is a session in the database `postgres` of the same server. */
async function opened(url: string, name: string) {
  const other = await connect(url);
  await other.query(`create database ${name}`);
  const own = new URL(url);
  own.pathname = name;
  shop = await openWorkshop(own.href);
  return { shop, other };
}

/** How much larger both are after `work`. */
async function grown({ app }: Workshop, table: string, work: () => Promise<unknown>) {
  const read = async () => (await app.query(SIZES, [table, `${table}_pkey`])).rows[0];
  const before = await read();
  await work();
  const after = await read();
  return { heap: after.heap / before.heap, index: after.index / before.index };
}

describe.each(MAJORS)('strides on PostgreSQL %s', (major) => {
  const server = useOwnServer({ major });

  it('reuse the room of the rows before: heap and indexes hardly grow, without any vacuum', async () => {
    const { shop } = await opened(server.url(), 'reuse');
    await usersTable(shop.app, ROWS);
    const run = await startSynced(shop, USERS, {}, STEADY);
    const { heap, index } = await grown(shop, 'users', () => backfill(shop, run));
    // The rows become longer by a third: one statement over the same blocks leaves 2.36 of the table, strides of all of it 1.57.
    expect(heap).toBeLessThan(1.9);
    expect(index).toBeLessThan(1.3);
    expect(await rowsInLedger(shop.database, run.id)).toBe(ROWS);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
  });

  it.each([
    ['a reader of the table', 'reader'],
    ['a writer in another database', 'writer'],
  ] as const)('move every row once beside %s, and find no room', async (_, who) => {
    const { shop, other } = await opened(server.url(), who);
    await usersTable(shop.app, ROWS);
    const run = await startSynced(shop, USERS, {}, STEADY);
    const [session, statement] =
      who === 'reader' ? [shop.app, 'select count(*) from users'] : [other, 'create temp table held ()'];
    await session.query('begin isolation level repeatable read');
    await session.query(statement);
    const { heap } = await grown(shop, 'users', () => backfill(shop, run));
    await session.query('rollback');
    expect(heap).toBeGreaterThan(2.2);
    expect(await rowsInLedger(shop.database, run.id)).toBe(ROWS);
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
  });
});

describe('strides of a transform', () => {
  const server = useOwnServer();

  it('find the room of the stride before, although rows are read ahead', async () => {
    const { shop } = await opened(server.url(), 'lanes');
    const transform = (rows: readonly Source[]) => rows.map(() => ({ kind: 'x' }));
    const asked = { ...shop, deps: { ...shop.deps, transforms: async () => transform } };
    // Ranges with rows enough for three lanes.
    const begun = await start(asked, 450_000, `repeat('x', 100)`);
    await shop.database.query(`update bellows.runs set pace = pace || '{"targetMs": 400}'`);
    const run = await reread(shop.store, begun.id);
    const { heap, index } = await grown(shop, 'events', async () => {
      await planWalk(asked, run, 0, 1);
      await walkAll(asked, run);
    });
    // In lanes 1.19 and 1.11; without them 1.35 and 1.40: a stride is read before the one before it is committed.
    expect(heap).toBeLessThan(1.27);
    expect(index).toBeLessThan(1.25);
    expect(await count(shop.app, `events where kind is distinct from 'x'`)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });
});

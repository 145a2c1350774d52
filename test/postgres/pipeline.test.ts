/** Several statements in one message on a connection of one's own: what is run behind an error, and what is told when. */
import { describe, expect, test } from 'vitest';
import type { Statement } from '#core/statement';
import type { DirectSession } from '#ports';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const used = useDatabase();
const open = useOpen();
const never = new AbortController().signal;
const texts = (...list: readonly string[]): readonly Statement[] => list.map((text) => ({ text }));
const inSession = <R>(work: (session: DirectSession) => Promise<R>) => open(used.url).direct(never, work);

async function rowsOf(text: string): Promise<readonly unknown[]> {
  return (await (await connect(used.url)).query({ text, rowMode: 'array' })).rows.flat();
}

test('answers in order, with the rows that are wanted and parameters of each kind', async () => {
  const { answers, error } = await inSession((session) =>
    session.pipeline([
      { text: 'select 1 as dropped' },
      {
        text: 'select $1::text[] as list, $2::int8 as count, $3::text as nothing, true as flag, array[1, 2] as many',
        values: [['a', 'b "c" \\d', '', 'null', '{,}'], 7, null],
        rows: true,
      },
      { text: 'select from generate_series(1, 3)', rows: true },
      { text: '' },
      { text: 'select where false', rows: true },
    ]),
  );
  expect(error).toBeNull();
  expect(answers.map(({ rows }) => rows)).toEqual([
    [],
    [{ list: ['a', 'b "c" \\d', '', 'null', '{,}'], count: 7, nothing: null, flag: true, many: [1, 2] }],
    [{}, {}, {}],
    [],
    [],
  ]);
});

test('commits what was done before the commit, and goes on with another transaction', async () => {
  const { error } = await inSession((session) =>
    session.pipeline(
      texts('begin', 'create table t (n int)', 'commit', 'begin', 'insert into t values (1)', 'commit'),
    ),
  );
  expect([error, await rowsOf('select n from t')]).toEqual([null, [1]]);
});

test.each([
  ['a statement', 'select 1 / 0', '22012'],
  ['a statement that cannot be read', 'selec 1', '42601'],
  ['a statement with the wrong number of values', 'select $1::int', '08P01'],
  ['more than one statement in a text', 'select 1; select 2', '42601'],
])('behind %s that fails nothing is run, and a commit neither', async (_, failing, sqlstate) => {
  await (await connect(used.url)).query('create table t (n int)');
  const after = await inSession(async (session) => {
    const sent = texts('begin', 'insert into t values (1)', failing, 'insert into t values (2)', 'commit');
    const { answers, error } = await session.pipeline([...sent, ...texts('insert into t values (3)')]);
    expect(error).toMatchObject({ code: sqlstate });
    expect(answers).toHaveLength(2);
    await session.query('rollback');
    return session.query('select n from t');
  });
  expect(after).toEqual([]);
});

describe.each([14, 18] as const)('of several transactions, on PostgreSQL %d', (major) => {
  const used = useDatabase({ major });
  test('those before the one that fails are kept, and none behind it begins', async () => {
    const client = await connect(used.url);
    await client.query('create table t (n int, at timestamptz default now())');
    const insert = (n: number) =>
      texts('begin', `insert into t values (${n})`, 'select pg_sleep(0.01)', 'commit');
    const { answers, error } = await open(used.url).direct(never, (session) =>
      session.pipeline([
        ...insert(1),
        ...insert(2),
        ...texts('begin', 'select 1 / 0', 'commit'),
        ...insert(4),
      ]),
    );
    expect([answers.length, error]).toMatchObject([9, { code: '22012' }]);
    // Each is a transaction of its own, which began when the one before it had ended.
    const { rows } = await client.query(
      `select n, at - lag(at) over (order by n) >= interval '10 milliseconds' as later from t order by n`,
    );
    expect(rows).toEqual([
      { n: 1, later: null },
      { n: 2, later: true },
    ]);
  });
});

test('behind a begin that fails nothing is run outside of a transaction', async () => {
  await (await connect(used.url)).query('create table t (n int)');
  const { answers, error } = await inSession((session) =>
    session.pipeline(texts('begin isolation level none', 'insert into t values (1)', 'commit')),
  );
  expect([answers, error]).toMatchObject([[], { code: '42601' }]);
  expect(await rowsOf('select n from t')).toEqual([]);
});

test('tells an answer at once where that is asked, while the next statement runs', async () => {
  const holder = await connect(used.url);
  await holder.query('select pg_advisory_lock(7)');
  await inSession(async (session) => {
    let told = 0;
    const done = session.pipeline(
      [{ text: 'select 1', atOnce: true }, ...texts('select 2', 'select pg_advisory_lock(7)')],
      () => {
        told += 1;
      },
    );
    const pid = await session.backend();
    const waits = `select count(*)::int from pg_locks where pid = ${pid} and locktype = 'advisory' and not granted`;
    await until(async () => (await rowsOf(waits))[0] === 1, { what: 'the session to wait' });
    expect(told).toBe(1);
    await holder.query('select pg_advisory_unlock(7)');
    const { answers } = await done;
    expect(told).toBe(3);
    expect(answers[0]?.at).toBeLessThan(answers[1]?.at ?? 0);
  });
});

test('the signal ends the statement that runs, and nothing behind it takes effect', async () => {
  const db = open(used.url);
  const abort = new AbortController();
  const outcome = db
    .direct(abort.signal, (session) =>
      session.pipeline(texts('begin', 'create table t (n int)', 'select pg_sleep(603)', 'commit')),
    )
    .catch((reason: unknown) => reason);
  const sleeping = () =>
    rowsOf(`select pid from pg_stat_activity where query = 'select pg_sleep(603)' and state = 'active'`);
  await until(async () => (await sleeping()).length === 1, { what: 'the sleep' });
  abort.abort();
  expect(await outcome).toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
  expect(await rowsOf(`select to_regclass('t')`)).toEqual([null]);
});

test('a connection that breaks is told as lost, with the answers that came', async () => {
  const { answers, error } = await inSession((session) =>
    session.pipeline(texts('begin', 'select pg_terminate_backend(pg_backend_pid())', 'commit')),
  );
  expect([answers.length, error]).toMatchObject([1, { code: 'BELLOWS_PG_LOST' }]);
});

import { expect, test } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const used = useDatabase();
const open = useOpen();
const never = new AbortController().signal;

test('may do what a transaction forbids, without the limits of the role', async () => {
  const admin = await connect(used.url);
  await admin.query(`alter database "${used.name}" set statement_timeout = 300`);
  await admin.query(`alter database "${used.name}" set lock_timeout = 300`);
  const db = open(used.url);
  await db.query('create table t (id int)');
  const shown = await db.direct(never, async (session) => {
    await session.query('create index concurrently on t (id)');
    await session.query('select pg_sleep(0.5)');
    return session.query(
      `select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout') order by name`,
    );
  });
  expect(shown).toEqual([
    { name: 'lock_timeout', setting: '0' },
    { name: 'statement_timeout', setting: '0' },
  ]);
  expect(await db.query('show statement_timeout')).toEqual([{ statement_timeout: '300ms' }]);
});

test('the signal ends the statement on the server', async () => {
  const db = open(used.url);
  const watcher = await connect(used.url);
  const sleeping = async () =>
    (
      await watcher.query(
        `select from pg_stat_activity where query like 'select pg_sleep(600)%' and state = 'active'`,
      )
    ).rowCount;
  const abort = new AbortController();
  const work = db.direct(abort.signal, (session) => session.query('select pg_sleep(600)'));
  const outcome = work.catch((reason: unknown) => reason);
  await until(async () => (await sleeping()) === 1, { what: 'the statement to run' });
  abort.abort();
  expect(await outcome).toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
  expect(await sleeping()).toBe(0);
});

test('after the signal nothing more is sent, and work that waits for something else is not waited for', async () => {
  const db = open(used.url);
  const abort = new AbortController();
  let late: Promise<unknown> = Promise.resolve();
  const work = db.direct(abort.signal, async (session) => {
    await session.query('select 1');
    abort.abort();
    late = session.query('create table late (id int)').catch((reason: unknown) => reason);
    await new Promise(() => undefined);
  });
  await expect(work).rejects.toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
  expect(await late).toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
  await expect(db.direct(abort.signal, () => Promise.resolve())).rejects.toMatchObject({
    code: 'BELLOWS_PG_CANCELLED',
  });
  expect(await db.query(`select to_regclass('late') as found`)).toEqual([{ found: null }]);
});

test('cancels while every connection of the pool is in use', async () => {
  const db = open(used.url, { max: 1 });
  const watcher = await connect(used.url);
  const abort = new AbortController();
  await db.transaction({}, async () => {
    const work = db.direct(abort.signal, (session) => session.query('select pg_sleep(601)'));
    const outcome = work.catch((reason: unknown) => reason);
    await until(
      async () =>
        (
          await watcher.query(
            `select from pg_stat_activity where query = 'select pg_sleep(601)' and state = 'active'`,
          )
        ).rowCount === 1,
    );
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
  });
});

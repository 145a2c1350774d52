import { expect, it } from 'vitest';
import { endSession } from '#postgres/blockers';
import { createDatabase, type PostgresDatabase } from '#postgres/database';
import { withoutLiterals } from '#postgres/query-text';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const used = useDatabase();

async function withDatabase(
  work: (database: PostgresDatabase) => Promise<void>,
  url = used.url,
): Promise<void> {
  const database = createDatabase({ url, applicationName: 'test' });
  await work(database).finally(() => database.close());
}

const pidOf = async (client: Awaited<ReturnType<typeof connect>>): Promise<number> =>
  (await client.query('select pg_backend_pid() as pid')).rows[0].pid;

it.each([
  [`select * from t where a = 'it''s' and b = 4.5e-3`, 'select * from t where a = ? and b = ?'],
  [`update t set a = E'it\\'s x', b = $1`, 'update t set a = ?, b = $1'],
  [`select 'back\\' from t where a = 'secret'`, 'select ?'],
  [`do $body$ select 'x' $body$; select $$secret$$`, 'do ?; select ?'],
  [`select 1 -- don't\nfrom t where a = 'secret'`, 'select ? from t where a = ?'],
  [`/* it's */ select "it's", col1, x'ff', U&'d' from t2`, `select "it's", col1, ?, ? from t2`],
  [`select 'cut off by the serv`, 'select ?'],
  [`select $tag$ cut off`, 'select ?'],
  [`/* a /* nested */ 'secret */ select 1`, ''],
  [`insert into t values (-12, .5, 0xFF, 1_000)`, 'insert into t values (-?, ?, ?, ?)'],
])('takes the literals out of %s', (query, expected) => {
  expect(withoutLiterals(query)).toBe(expected);
});

it('cuts a query at 200 characters', () => {
  expect(withoutLiterals(`select ${'a, '.repeat(200)}`)).toHaveLength(200);
});

it('ends a session and says what it was', async () => {
  await withDatabase(async (database) => {
    const victim = await connect(used.url, { application_name: 'stuck' });
    await victim.query('begin');
    const pid = await pidOf(victim);
    expect(await endSession(database, pid)).toMatchObject({
      pid,
      application: 'stuck',
      state: 'idle in transaction',
    });
    expect(await database.query('select from pg_stat_activity where pid = $1', [pid])).toEqual([]);
  });
});

it('ends no session that is not there, and none of its own', async () => {
  await withDatabase(async (database) => {
    await expect(endSession(database, 2_147_000_000)).rejects.toMatchObject({
      code: 'BELLOWS_KILL',
      message: 'There is no session with pid 2147000000.',
    });
    const own = await connect(used.url, { application_name: 'bellows worker' });
    await expect(endSession(database, await pidOf(own))).rejects.toMatchObject({
      code: 'BELLOWS_KILL',
      message: expect.stringContaining("one of Bellows' own"),
    });
    const [checkpointer] = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity where backend_type = 'checkpointer'`,
    );
    await expect(endSession(database, checkpointer?.pid ?? 0)).rejects.toMatchObject({
      code: 'BELLOWS_KILL',
      message: expect.stringContaining('is no client'),
    });
    expect((await own.query('select 1')).rowCount).toBe(1);
  });
});

it('says that a role may not end it', async () => {
  const admin = await connect(used.url);
  const role = `weak_${used.name}`;
  await admin.query(`create role ${role} login`);
  const url = new URL(used.url);
  url.username = role;
  try {
    const victim = await pidOf(admin);
    await withDatabase(async (database) => {
      await expect(endSession(database, victim)).rejects.toMatchObject({
        code: 'BELLOWS_KILL',
        message: `This role may not end session ${victim}.`,
      });
    }, url.href);
  } finally {
    await until(
      async () =>
        (await admin.query('select from pg_stat_activity where usename = $1', [role])).rowCount === 0,
    );
    await admin.query(`drop role ${role}`);
  }
});

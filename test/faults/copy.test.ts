/** A copy under writers of every isolation level, its workers killed in between. In the end both tables say the same. */
import type pg from 'pg';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { batches, createStage, one, reaches, useStages } from './stage.js';

const ID = '20240103000000_profiles';
const ROWS = 20_000;
/** A dead worker's claim is taken over after ten seconds, and the catch-up goes by seconds. */
const RECOVERY_MS = 60_000;
const used = useDatabase();
useStages();

const FILE = `
import { defineMigration, dropColumn, sql } from 'pgbellows';

export default defineMigration({
  description: 'Profiles leave users',
  table: 'users',
  backfill: {
    copy: {
      into: 'profiles',
      key: { user_id: 'id' },
      set: { bio: sql\`upper(bio)\`, length: sql\`length(bio)\` },
      where: sql\`bio is not null\`,
    },
  },
  contract: [dropColumn('bio')],
});
`;

const DIFFERENT = `
  select count(*)::integer as value
  from (select id, upper(bio) as bio, length(bio) as length from users where bio is not null) as u
  full join profiles p on p.user_id = u.id
  where u.id is null or p.user_id is null or (u.bio, u.length) is distinct from (p.bio, p.length)`;

const LEVELS = ['read committed', 'repeatable read', 'read committed'];
/** Above READ COMMITTED a transaction meets other writers, and its keys may have been taken. */
const EXPECTED = new Set(['40001', '40P01', '23505']);

function startWriter(client: pg.Client, nth: number) {
  let going = true;
  let written = 0;
  const run = (async () => {
    for (let turn = 0; going; turn += 1) {
      const id = 1 + Math.floor(Math.random() * ROWS);
      const texts = [
        `update users set bio = 'w${nth} ${turn}' where id = ${id}`,
        `update users set bio = null where id = ${id}`,
        `update users set note = note || repeat('y', ${turn % 300}) where id between ${id} and ${id + 3}`,
        `delete from users where id = ${id}`,
        `insert into users values (${ROWS + 10 * turn + nth}, 'new')`,
        `update users set id = ${1_000_000 + 10 * turn + nth} where id = ${id}`,
      ];
      try {
        await client.query(`begin isolation level ${LEVELS[nth]}`);
        await client.query(texts[turn % texts.length] ?? '');
        await client.query(turn % 9 === 8 ? 'rollback' : 'commit');
        written += 1;
      } catch (error) {
        await client.query('rollback');
        if (!EXPECTED.has((error as { code?: string }).code ?? '')) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    written: () => written,
    stop: async () => {
      going = false;
      await run;
    },
  };
}

it('copies what is true, whoever writes and whoever dies', { timeout: 400_000 }, async () => {
  const client = await connect(used.url);
  await client.query(`
    create table users (id bigint primary key, bio text, note text not null default '');
    create table profiles (user_id bigint primary key, bio text not null, length integer);
    insert into users select i, case when i % 4 > 0 then 'bio ' || i end from generate_series(1, ${ROWS}) i`);
  const stage = await createStage({
    url: used.url,
    rowsPerSecond: 2_000,
    concurrency: 2,
    files: { [ID]: FILE },
  });
  await stage.bellows.up({ until: 'expanded', detach: true });
  const connections = await Promise.all(LEVELS.map(() => connect(used.url)));
  const writers = connections.map(startWriter);
  const leader = stage.spawn('serve');
  let worker = stage.spawn('worker');
  for (let kill = 0; kill < 2; kill += 1) {
    const before = await batches(client);
    await until(async () => (await batches(client)) > before + 2, { timeoutMs: RECOVERY_MS });
    await worker.kill('SIGKILL');
    worker = stage.spawn('worker');
  }
  await reaches(client, 'gated', 120_000, ID);
  await Promise.all(writers.map((writer) => writer.stop()));
  expect(writers.reduce((sum, { written }) => sum + written(), 0)).toBeGreaterThan(500);
  await until(async () => (await one<number>(client, DIFFERENT)) === 0, { timeoutMs: RECOVERY_MS });
  await until(async () => (await stage.bellows.approve(ID, { reason: 'all agree' })).open, {
    timeoutMs: RECOVERY_MS,
  });
  const kept = await one<number>(client, 'select count(*)::integer as value from profiles');
  await reaches(client, 'done', RECOVERY_MS, ID);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
  expect(await one<number>(client, 'select count(*)::integer as value from profiles')).toBe(kept);
  expect(kept).toBeGreaterThan(1_000);
});

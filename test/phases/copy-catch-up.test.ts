/** A catch-up that meets a transaction in the middle of its work: whoever is later has the last word. */
import { describe, expect, it } from 'vitest';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';
import { backfill, count, urlOf, useWorkshop } from './backfill-workshop.js';
import { COPY, catchUp, caughtUp, copyOf, different, SOME, seed, TABLES, waiting } from './copy-stage.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { expanded, type Staged } from './verify-stage.js';

async function note({ shop, run }: Staged, ...keys: readonly number[]): Promise<void> {
  const { name } = copyOf({ shop, run } as Staged).waiting;
  await shop.app.query(`insert into bellows."${name}" (key_1) select unnest($1::bigint[])`, [keys]);
}

/** Catches up while `transaction` is open, and ends it as soon as the catch-up waits for it, or is through. */
async function meet(staged: Staged, transaction: string, end: 'commit' | 'rollback'): Promise<void> {
  const { shop } = staged;
  const other = await connect(urlOf(shop));
  await other.query(`begin; ${transaction}`);
  let through = false;
  const catching = catchUp(staged).finally(() => {
    through = true;
  });
  const looker = await connect(urlOf(shop));
  const isMet = async () =>
    through ||
    (await count(
      looker,
      `pg_stat_activity where datname = current_database() and application_name = 'bellows worker' and wait_event_type = 'Lock'`,
    )) > 0;
  await until(isMet, { everyMs: 2 });
  await other.query(end);
  await catching;
}

describe.each(MAJORS)('a catch-up on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  const WRITES = [
    ['an update', `update users set bio = 'later' where id = 1`],
    ['an update that ends the copy', 'update users set bio = null where id = 1'],
    ['an update that begins a copy', `update users set bio = 'now' where id = 3`],
    ['a delete', 'delete from users where id = 1'],
    ['a key that moves away', 'update users set id = 500 where id = 1'],
    ['a key that moves here', 'delete from users where id = 1; update users set id = 1 where id = 2'],
  ] as const;
  const MEETINGS = WRITES.flatMap(([name, write]) => [
    [name, 'commit', write] as const,
    [name, 'rollback', write] as const,
  ]);

  it.each(MEETINGS)('does not undo what it meets: %s, then %s', async (_, end, write) => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 20);
    const staged = await expanded(shop, SOME);
    await backfill(shop, staged.run);
    await shop.app.query(`insert into profiles (user_id, bio) values (3, 'left over')`);
    await note(staged, 1, 2, 3);
    await meet(staged, write, end);
    const { rows } = await shop.app.query(`select s.key, p.* from ${different('bio is not null')}`);
    // What it had to leave alone, and was not written after all, still stands there.
    expect(rows.filter(({ user_id }) => end === 'commit' || user_id !== '3')).toEqual([]);
    await caughtUp(staged);
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
  });

  it('takes away no copy whose row is just being made', { timeout: 30_000 }, async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 20);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    await shop.app.query(`insert into profiles (user_id, bio) values (90, 'left over'), (91, 'left over')`);
    await note(staged, 90, 91);
    await meet(staged, `insert into users values (90, 'made')`, 'commit');
    await caughtUp(staged);
    expect(await count(shop.app, `profiles where user_id = 90 and bio = 'MADE'`)).toBe(1);
    expect(await count(shop.app, 'profiles where user_id = 91')).toBe(0);
    expect(await waiting(staged)).toBe(0);
  });
});

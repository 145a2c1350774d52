import { describe, expect, it } from 'vitest';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  rowsInLedger,
  startSynced,
  USERS,
  urlOf,
  usersTable,
  useWorkshop,
  WRONG_USERS,
} from './backfill-workshop.js';

/** Who moved a row, told by the row: only a batch turns `p` into `d`. */
const NOTE = `create table moved (id bigint);
  create function note() returns trigger language plpgsql as $$ begin
    if old._bellows_1 = 'p' and new._bellows_1 = 'd' then insert into moved values (new.id); end if;
    return null;
  end $$;
  create trigger note after update on users for each row execute function note()`;

/** Updates of both deploys that make rows move about, until told to end; resolves with the errors that they met. */
async function write(url: string, going: () => boolean, seed: number): Promise<readonly string[]> {
  const client = await connect(url);
  const errors: string[] = [];
  for (let i = 0; going(); i += 1) {
    const id = ((i * 7_919 + seed * 104_729) % 20_000) + 1;
    const text = [
      `update users set n = n + 1, filler = repeat('z', ${i % 300}) where id = $1`,
      `update users set full_name = 'Old${seed}x${i} Deploy' where id = $1`,
      `update users set first_name = 'New${seed}x${i}' where id = $1`,
    ][i % 3];
    await client.query(text ?? '', [id]).catch((error: Error) => errors.push(error.message));
  }
  return errors;
}

describe.each(['as the rows lie', 'newest first'] as const)(
  'a table that is rewritten under a walk %s',
  (order) => {
    const open = useWorkshop();

    it('while writers are at it loses no row, and none is moved twice', { timeout: 60_000 }, async () => {
      const shop = await open();
      await usersTable(shop.app, 20_000, `, filler varchar(400) default repeat('x', 300)`);
      await shop.app.query('analyze users');
      const over = order === 'newest first' ? { order } : {};
      const run = await startSynced(shop, USERS, over, { concurrency: 2, targetMs: 10 });
      await shop.app.query(NOTE);
      let going = true;
      const writers = [1, 2].map((seed) => write(urlOf(shop), () => going, seed));
      await planWalk(shop, run, 0, 1);
      const admin = await connect(urlOf(shop));
      const rewrites = (async () => {
        for (let i = 0; i < 3; i += 1) {
          const before = await rowsInLedger(shop.database, run.id);
          await until(
            async () => (await rowsInLedger(shop.database, run.id)) > before + 500 || !going || null,
          );
          await admin.query(i === 1 ? 'cluster users using users_pkey' : 'vacuum full users');
        }
      })();
      const outcomes: string[] = [];
      const walked = async () => {
        for (let left = await openRanges(shop.database, run.id); left.length > 0; ) {
          const two = left.slice(0, 2).map((rangeId) => ({ runId: run.id, rangeId }));
          outcomes.push(...(await Promise.all(two.map((job) => walkRange(shop.deps, job, NEVER, 300)))));
          left = await openRanges(shop.database, run.id);
        }
        return backfill(shop, run, 12);
      };
      const progress = await walked().finally(() => {
        going = false;
      });
      expect(outcomes).toContain('stale');
      expect((await Promise.all(writers)).flat()).toEqual([]);
      await rewrites;
      expect(progress).toMatchObject({ openRanges: 0, rowsInPass: 0, quarantined: 0 });
      expect(await count(shop.app, 'moved')).toBe(await rowsInLedger(shop.database, run.id));
      expect(await count(shop.app, '(select from moved group by id having count(*) > 1) as twice')).toBe(0);
      expect(await count(shop.app, `users where _bellows_1 in ('p', 'q')`)).toBe(0);
      expect(await count(shop.app, WRONG_USERS)).toBe(0);
      expect(
        await count(shop.app, `(select from bellows.ranges where state = 'void') as void`),
      ).toBeGreaterThan(0);
      expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
    });
  },
);

describe('a table that is locked for long', () => {
  const open = useWorkshop();

  it('is waited for: nothing is divided, and nobody is blamed', { timeout: 30_000 }, async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    const run = await startSynced(shop, USERS);
    await shop.app.query('begin; lock table users in access exclusive mode');
    expect(await planWalk(shop, run, 0, 1)).toBe(false);
    await shop.app.query('commit');
    await planWalk(shop, run, 0, 1);
    const other = await connect(urlOf(shop));
    await other.query('begin; lock table users in access exclusive mode');
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    expect(await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER, 4_000)).toBe('yielded');
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
    const failed = shop.events.filter((event) => event.name === 'batch:failed');
    expect(failed.length).toBeGreaterThan(1);
    expect(failed.length).toBeLessThan(10);
    await other.query('commit');
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 20_000, quarantined: 0, leftLocked: 0 });
  });
});

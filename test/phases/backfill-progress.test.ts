/** A look at a backfill does not read its ledger, and says what the ledger says. */
import { expect, it } from 'vitest';
import { readProgress } from '#phases/backfill/progress';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import type { RunRow, Session } from '#ports';
import { connect } from '../support/connections.js';
import {
  backfill,
  ledgerProblems,
  NEVER,
  openRanges,
  startSynced,
  urlOf,
  useWorkshop,
  type Workshop,
} from './backfill-workshop.js';

const open = useWorkshop();

const NUMBERS = {
  table: 'numbers',
  restores: true,
  groups: [{ forward: { value: 'raw::integer' }, backward: { raw: 'value::text' } }],
};

const LEDGER = `
select
  coalesce(sum(b.rows), 0)::integer as "rowsDone",
  coalesce(sum(b.rows) filter (where r.pass = newest.pass), 0)::integer as "rowsInPass",
  coalesce(sum(b.left_behind) filter (where r.pass = newest.pass), 0)::integer as "leftLocked"
from bellows.batches b
join bellows.ranges r on r.id = b.range_id
cross join (select max(pass) as pass from bellows.ranges where run_id = $1) as newest
where b.run_id = $1`;

/** Both of the same moment. */
async function look(shop: Workshop, session: Session, run: RunRow) {
  await shop.app.query('begin isolation level repeatable read');
  const progress = await readProgress(session, run.id, 0);
  const [ledger] = await session.query(LEDGER, [run.id]);
  await shop.app.query('commit');
  expect(progress).toMatchObject(ledger ?? {});
  return progress;
}

it('says what the ledger says, at any moment, with several walkers, locked and refused rows, and sweeps', {
  timeout: 90_000,
}, async () => {
  const shop = await open();
  await shop.app.query(`create table numbers (id bigint primary key, raw text, value integer, filler text);
    alter table numbers alter filler set storage plain;
    insert into numbers select i, case when i % 7000 = 0 then 'x' else i::text end, null, repeat('x', 300)
    from generate_series(1, 40000) i`);
  const run = await startSynced(shop, NUMBERS, {}, { concurrency: 3, targetMs: 5 });
  const session: Session = {
    query: async (text, values = []) => (await shop.app.query(text, [...values])).rows,
  };
  const other = await connect(urlOf(shop));
  await other.query('begin; select from numbers where id in (500, 20000) for update');
  await planWalk(shop, run, 0, 1);
  const ranges = await openRanges(shop.database, run.id);
  const walkers = Promise.all(
    [0, 1, 2].map(async (own) => {
      for (const rangeId of ranges.filter((_, i) => i % 3 === own)) {
        await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER);
      }
    }),
  );
  let looks = 0;
  for (let open = ranges.length; open > 0; looks += 1) open = (await look(shop, session, run)).openRanges;
  await walkers;
  expect(looks).toBeGreaterThan(5);
  const walked = await look(shop, session, run);
  expect(walked).toMatchObject({ rowsDone: 39_993, quarantined: 5, leftLocked: 2 });
  expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  // What a look reads of the ledger: the newest batch of each range, whatever their number is.
  const [counts] = await session.query<{ batches: number; unsummed: number }>(
    `select max(batches)::integer as batches, max(unsummed)::integer as unsummed
    from (
      select count(*) as batches, count(*) filter (where b.id > r.summed_to) as unsummed
      from bellows.ranges r
      join bellows.batches b on b.range_id = r.id
      group by r.id
    ) as ranges`,
  );
  expect(counts?.unsummed).toBe(1);
  expect(counts?.batches).toBeGreaterThan(5);
  await other.query('commit');
  await backfill(shop, run);
  expect(await look(shop, session, run)).toMatchObject({ rowsDone: 39_995, leftLocked: 0, rowsInPass: 0 });
});

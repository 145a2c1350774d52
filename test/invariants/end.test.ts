import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { createUsers, one, startWriter, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
const ROWS = 6_000;

it('the walk ends under a storm of inserts that is faster than it', async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  // Slower than the storm: a walk that ran after new rows would never arrive.
  const { bellows } = await stages.create({
    url: used.url,
    overrides: { backfill: { rowsPerSecond: 1_500 } },
  });
  const storm = startWriter(
    await connect(used.url),
    (n) => [
      `insert into users (full_name) select 'Given' || i || ' Storm' || $1 from generate_series(1, 100) i`,
      [n],
    ],
    10,
  );
  const walk = await bellows.up();
  const arrived = storm.done() * 100;
  expect(walk.reached).toBe(true);
  expect(arrived).toBeGreaterThan(walk.seconds * 1_500);
  await storm.stop();
  expect(storm.errors).toEqual([]);
  // New rows were the trigger's work: the batches moved what was there, and whatever came before the trigger did.
  const moved = await one<number>(client, 'select sum(rows)::integer as value from bellows.batches');
  expect(moved).toBeGreaterThanOrEqual(ROWS);
  expect(moved).toBeLessThan(arrived / 2 + ROWS);
  const incomplete =
    'select count(*)::integer as value from users where first_name is null or last_name is null';
  expect(await one(client, incomplete)).toBe(0);
}, 60_000);

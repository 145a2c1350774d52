/**
 * The loop that many guides teach for large tables, in their form: one DO block, so one transaction; each batch looks from
 * the beginning of the key for the next 1,000 rows that are not done, and rests for 100 ms.
 */
import type { Client } from 'pg';
import { connect } from '../ground.js';
import { SET_NAMES } from '../project.js';
import type { Scenario } from '../scenario.js';
import { loadUsers } from '../users-table.js';

const BATCH_ROWS = 1_000;
const PAUSE_MS = 100;
/** Measured at either end of the table; all of them would take hours. */
const BATCHES = 10;
const PART = BATCHES * BATCH_ROWS;

export const doLoop: Scenario = {
  name: 'do-loop',
  title: 'a DO loop over `where … is null order by id limit 1000`: its first batches and its last',
  run: async ({ ground, rows, tell }) => {
    const client = await connect(ground.url);
    try {
      await loadUsers(client, { rows });
      await client.query('alter table users add first_name varchar(100), add last_name varchar(100)');
      const first = await loop(client);
      tell(`first batches: ${first.toFixed(1)} ms each without the rest`);
      await client.query(`update users set ${SET_NAMES} where first_name is null and id <= ${rows - PART}`);
      await client.query('vacuum (analyze) users');
      const last = await loop(client);
      const whole = ((rows / BATCH_ROWS) * ((first + last) / 2 + PAUSE_MS)) / 1_000;
      return [
        { name: 'first batches, without the rest', value: first, unit: 'ms' },
        { name: 'last batches, without the rest', value: last, unit: 'ms' },
        { name: 'last over first', value: last / first, unit: 'x' },
        {
          name: 'first batches, with the rest',
          value: BATCH_ROWS / ((first + PAUSE_MS) / 1_000),
          unit: 'rows/s',
        },
        {
          name: 'last batches, with the rest',
          value: BATCH_ROWS / ((last + PAUSE_MS) / 1_000),
          unit: 'rows/s',
        },
        { name: 'the whole table, reckoned from both', value: whole, unit: 's' },
      ];
    } finally {
      await client.end();
    }
  },
};

/** Milliseconds for each batch. */
async function loop(client: Client): Promise<number> {
  const began = performance.now();
  await client.query(LOOP);
  return (performance.now() - began) / BATCHES - PAUSE_MS;
}

const LOOP = `
do $$
declare
  processed integer := 0;
begin
  while processed < ${PART} loop
    update users
    set ${SET_NAMES}
    where id in (
      select id
      from users
      where first_name is null
      order by id
      limit ${BATCH_ROWS}
    );
    processed := processed + ${BATCH_ROWS};
    perform pg_sleep(${PAUSE_MS / 1_000});
  end loop;
end
$$`;

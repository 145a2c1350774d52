import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { type SpawnedNode, spawnNode } from '../support/processes.js';
import { createUsers, one, stateOf, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
const COMMAND = fileURLToPath(new URL('../../src/cli/bellows.ts', import.meta.url));
const ROWS = 20_000;

it('of two `up` at once on one database one leads, the other follows, and each thing is done once', async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const { cwd } = await stages.create({ url: used.url });
  const up = (): SpawnedNode =>
    spawnNode([COMMAND, 'up', '--until', 'done', '--approve', '--reason', 'both at once'], {
      cwd,
      env: { DATABASE_URL: used.url, REDIS_URL: undefined },
    });
  const both = [up(), up()];
  const ends = await Promise.all(both.map((child) => child.exited));
  expect(ends, both.map((child) => child.stderr).join('\n')).toEqual(
    ends.map(() => ({ code: 0, signal: null })),
  );
  expect(await stateOf(client)).toBe('done');
  expect(await one(client, 'select count(*)::integer as value from bellows.runs')).toBe(1);
  expect(await one(client, 'select sum(rows)::integer as value from bellows.batches')).toBe(ROWS);
  const { rows } = await client.query(
    `select action, detail ->> 'to' as "to", count(*)::integer as times
     from bellows.history
     where detail ? 'to'
     group by 1, 2
     having count(*) > 1`,
  );
  expect(rows).toEqual([]);
  const wrong = `select count(*)::integer as value from users where first_name not like 'Given%' or last_name not like 'Family%'`;
  expect(await one(client, wrong)).toBe(0);
}, 60_000);

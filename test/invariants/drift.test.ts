import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createUsers, one, reaches, SPLIT, splitFile, stateOf, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
const EDITED = splitFile({ firstName: `split_part(full_name, ' ', 2)` });

it('an edit in the middle of the walk stops the run, and says so; the file as it was lets it go on', async () => {
  const client = await connect(used.url);
  await createUsers(client, 20_000);
  const { bellows, path, open } = await stages.create({
    url: used.url,
    overrides: { backfill: { rowsPerSecond: 2_000 } },
  });
  const first = bellows.up();
  const rows = () =>
    one<number>(client, 'select coalesce(sum(rows), 0)::integer as value from bellows.batches');
  await until(async () => (await rows()) > 0, { what: 'the first batch' });
  await writeFile(path, EDITED);
  expect((await first).reached).toBe(false);
  expect(await stateOf(client)).toBe('paused');
  const [migration] = (await bellows.status()).migrations;
  expect(migration?.paused).toMatchObject({ by: 'bellows', reason: expect.stringContaining('edited') });
  const stopped = await rows();
  expect(stopped).toBeLessThan(20_000);
  const again = await open();
  await expect(again.up()).rejects.toMatchObject({ code: 'BELLOWS_DRIFT', exit: 5 });
  // A comment, and another layout, are no edit.
  const same = splitFile({ firstName: `split_part( full_name, ' ', 1 ) /* the given name */` });
  await writeFile(path, `// said more clearly\n${same}`);
  const fresh = await open({ overrides: { databaseUrl: used.url } });
  await fresh.resume(SPLIT);
  await client.query(`update bellows.runs set pace = pace || '{"rowsPerSecond": null}'`);
  expect((await fresh.up()).reached).toBe(true);
  expect(
    await one(client, `select count(*)::integer as value from users where first_name not like 'Given%'`),
  ).toBe(0);
}, 60_000);

it.each([
  ['gone', null],
  ['renamed', '20240102150000_split_names.ts'],
])('a file that is %s is told apart, and nothing is carried on without it', async (what, name) => {
  const client = await connect(used.url);
  await createUsers(client, 100);
  const { bellows, path, open } = await stages.create({ url: used.url });
  await bellows.up();
  await bellows.approve(SPLIT, { reason: 'open' });
  await rename(path, name === null ? join(dirname(path), '..', 'away.ts') : join(dirname(path), name));
  const later = await open();
  await expect(later.up({ until: 'done' })).rejects.toMatchObject({
    exit: 5,
    message: expect.stringContaining(what),
  });
  await expect(later.contract(SPLIT)).rejects.toMatchObject({ exit: 5 });
  stages.lead(later);
  // The leader looks at the run at every turn; two of its looks at the lease are enough for it to have done so.
  const renewals = `select extract(epoch from expires_at) as value from bellows.lease where name = 'leader'`;
  const start = Number(await one(client, renewals));
  await until(async () => Number(await one(client, renewals)) > start + 3, {
    what: 'the leader to have renewed',
  });
  expect(await stateOf(client)).toBe('gated');
  await later.rollback(SPLIT);
  await reaches(client, 'rolled_back');
});

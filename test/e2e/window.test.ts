/** Expand and contract begin in their window only; what has begun goes on. */
import { expect, it } from 'vitest';
import { stateOf, twoWays, useProjects } from './stage.js';

const ID = '20240101000000_a';
const projects = useProjects();

/** Hours around now, or hours that are over, of the clock that database and test share. */
function hours(from: number, to: number): string {
  const hour = (n: number) => `${String((new Date().getUTCHours() + n + 24) % 24).padStart(2, '0')}:00`;
  return `${hour(from)}-${hour(to)}`;
}

it('a closed window leaves a migration pending, with the reason, and `up` ends', async () => {
  const file = twoWays('a', 'x', 'y', '', `window: { ddl: '${hours(3, 5)}' },`);
  const project = await projects.open({ [ID]: file });
  await project.client.query('create table a (id integer primary key, x text)');
  const { migrations, reached } = await project.bellows.up();
  expect(reached).toBe(true);
  expect(migrations[0]).toMatchObject({
    state: 'pending',
    next: expect.stringContaining('waits for its window'),
  });
  expect(
    (await project.client.query(`select from pg_attribute where attrelid = 'a'::regclass and attname = 'y'`))
      .rowCount,
  ).toBe(0);
});

it('the file wins over the configuration; an open gate waits for its window, and `contract` does not', async () => {
  const config = `export default { window: { ddl: '${hours(3, 5)}' } };`;
  const file = twoWays('a', 'x', 'y', `dropColumn('x')`, `window: { ddl: '${hours(-1, 2)}' },`);
  const project = await projects.open({ [ID]: file }, { config });
  await project.client.query('create table a (id integer primary key, x text)');
  await project.bellows.up();
  expect(await stateOf(project, ID)).toBe('gated');
  // The window closes.
  await project.client.query(`update bellows.runs set plan = jsonb_set(plan, '{window,ddl}', $1)`, [
    JSON.stringify([hours(3, 5)]),
  ]);
  const report = await project.bellows.approve(ID, { reason: 'test' });
  expect(report.open).toBe(true);
  await project.bellows.up();
  expect(await stateOf(project, ID)).toBe('gated');
  await project.bellows.contract(ID);
  expect(await stateOf(project, ID)).toBe('done');
});

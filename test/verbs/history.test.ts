import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refusal, useProjects } from '../e2e/stage.js';

const { open } = useProjects();
const DONE = '20240102000001_done';
const GONE = '20240102000002_gone';

it('is told of a migration by its id or its fourteen digits, by what is left of a gone file, and of no unknown one', async () => {
  const { bellows, cwd } = await open({
    [`${DONE}.sql`]: 'create table a (id int);',
    [`${GONE}.sql`]: 'create table b (id int);',
  });
  await bellows.up({ to: GONE });
  await rm(join(cwd, 'migrations', `${GONE}.sql`));
  for (const id of [DONE, GONE]) {
    const entries = await bellows.history({ migration: id });
    expect(entries.map(({ migration, action }) => [migration, action])).toContainEqual([id, 'sql_applied']);
    expect(await bellows.history({ migration: id.slice(0, 14) })).toEqual(entries);
  }
  expect(await refusal(bellows.history({ migration: '20240102000009' }))).toMatchObject({
    code: 'BELLOWS_UNKNOWN_MIGRATION',
    exit: 2,
  });
});

it('of a file that nothing happened to yet there is nothing to tell', async () => {
  const { bellows } = await open({ [`${DONE}.sql`]: 'create table a (id int);' });
  for (const name of [DONE, DONE.slice(0, 14)])
    expect(await bellows.history({ migration: name })).toEqual([]);
});

import { afterEach, describe, expect, it } from 'vitest';
import { createBellows } from '#main';
import { bellowsOptions, makeProject, type ProjectOptions, removeProject } from '../../src/bench/project.js';
import { loadUsers } from '../../src/bench/users-table.js';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase();
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await removeProject(folder);
});

const PROJECTS: readonly ProjectOptions[] = [
  {},
  { throttle: 'off' },
  { throttle: 'commits' },
  { mapping: 'typescript' },
  { mapping: 'copy' },
];

describe('a project of the benchmarks', () => {
  it.each(PROJECTS)('has a migration that can be planned: %o', async (options) => {
    const client = await connect(database.url);
    await client.query('create schema bellows_bench; set search_path to bellows_bench');
    await loadUsers(client, { rows: 100 });
    const folder = await makeProject(options);
    folders.push(folder);
    const bellows = await createBellows(bellowsOptions(folder, database.url));
    try {
      expect(await bellows.plan()).toMatchObject([{ state: 'pending' }]);
    } finally {
      await bellows.close();
    }
  });
});

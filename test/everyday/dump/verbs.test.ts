/** The verbs of the library, on a project folder. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { refusal, twoWays, useProjects } from '../../e2e/stage.js';
import { withDatabase } from '../../support/database.js';
import { catalogueFacts, differences, NONE } from './catalogue-facts.js';
import { execute, loaded } from './dumping.js';

const { database, open } = useProjects();
const ID = '20240102150000_two_shapes';
const SCHEMA = `
  create table people (id int primary key, name text);
  create table public.schema_migrations (version varchar primary key);
  insert into schema_migrations values ('20240102000000'), ('20240101000000');`;
const pgDump = await promisify(execFile)('pg_dump', ['--version']).then(
  ({ stdout }) => Number(/(\d+)\./.exec(stdout)?.[1]),
  () => 0,
);

describe('dump', () => {
  it('ends with the rows of dbmate’s table, and leaves a file alone that is current', async () => {
    const { bellows, client, cwd } = await open({});
    await client.query(SCHEMA);
    const first = await bellows.dump();
    expect(first).toMatchObject({ file: 'schema.sql', provider: 'catalogue', grants: false, changed: true });
    const text = await readFile(join(cwd, 'schema.sql'), 'utf8');
    expect(text).toBe(first.text);
    expect(
      text.endsWith(`\nINSERT INTO public.schema_migrations (version) VALUES
    ('20240101000000'),
    ('20240102000000');
`),
    ).toBe(true);
    const { mtimeMs } = await stat(join(cwd, 'schema.sql'));
    expect((await bellows.dump()).changed).toBe(false);
    expect((await stat(join(cwd, 'schema.sql'))).mtimeMs).toBe(mtimeMs);
    expect(await readdir(cwd)).toEqual(['migrations', 'schema.sql']);
  });

  it('knows the table by its configured name, in its schema', async () => {
    const { bellows, client } = await open({}, { overrides: { migrationsTable: 'ops.Applied' } });
    await client.query(
      `create schema ops; create table ops."Applied" (version varchar primary key); insert into ops."Applied" values ('1')`,
    );
    expect((await bellows.dump({ write: false })).text).toContain(
      `INSERT INTO ops."Applied" (version) VALUES\n    ('1');`,
    );
  });

  it('leaves out the rows of another tool’s table of that name', async () => {
    const { bellows, client } = await open({});
    await client.query(
      `create table schema_migrations (version bigint primary key, dirty boolean not null);
       insert into schema_migrations values (7, false)`,
    );
    const { text } = await bellows.dump();
    expect(text).toContain('CREATE TABLE public.schema_migrations');
    expect(text).not.toContain('INSERT');
  });

  it('touches the old file in no failure', async () => {
    const { bellows, client, cwd } = await open({});
    await client.query(SCHEMA);
    await writeFile(join(cwd, 'schema.sql'), 'old');
    await client.query(`create conversion mine for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`);
    expect((await refusal(bellows.dump())).code).toBe('BELLOWS_DUMP_UNKNOWN');
    expect(await readFile(join(cwd, 'schema.sql'), 'utf8')).toBe('old');
    expect((await refusal(bellows.dump({ file: 'migrations' }))).code).toBe('BELLOWS_SCHEMA_FILE');
    expect(await readdir(cwd)).toEqual(['migrations', 'schema.sql']);
  });

  it('leaves out what a run in flight has put on the tables, and names the run', async () => {
    const files = { [ID]: twoWays('people', 'name', 'loud') };
    const { bellows, client } = await open(files, { overrides: { dumpSchema: false } });
    await client.query(`${SCHEMA} insert into people select n, 'p' || n from generate_series(1, 100) n`);
    await bellows.up();
    const { text, runsInFlight } = await bellows.dump();
    expect(runsInFlight).toEqual([{ migration: ID, state: 'gated' }]);
    expect(text).toContain(`-- run in flight: ${ID} (gated)`);
    expect(text).toContain('loud text');
    expect(text.replace(/^--.*$/gm, '')).not.toMatch(/bellows|bullmq/);
    await withDatabase(async (plain) => {
      await loaded(plain.url, text);
      const made = (await catalogueFacts(plain.url)).filter((fact) =>
        /pg_(class|attribute|trigger) /.test(fact),
      );
      expect(made.join('\n')).not.toContain('bellows');
    });
    expect((await bellows.checkDump()).state).toBe('current');
    await bellows.rollback(ID);
    const after = await bellows.checkDump();
    expect(after.state).toBe('stale');
    expect(after.diff).toContain('-    loud text');
    expect((await bellows.dump()).text).not.toContain('loud');
  });

  it.skipIf(pgDump < 14)('by the binary is remembered in the file, and holds no password', async () => {
    await withDatabase(
      async (old) => {
        await execute(
          old.url,
          `${SCHEMA} create foreign data wrapper w; create server s foreign data wrapper w;
           create user mapping for public server s options (password 'hunt;er2')`,
        );
        const { bellows } = await open({}, { overrides: { databaseUrl: old.url } });
        const { text } = await bellows.dump({ provider: 'pg_dump' });
        expect(text).toContain('-- provider: pg_dump; grants: no');
        expect(text).toContain('CREATE SERVER s');
        expect(text).not.toMatch(/restrict|Dumped by|USER MAPPING FOR|er2/);
        expect(await bellows.checkDump()).toMatchObject({ provider: 'pg_dump', state: 'current' });
        expect((await bellows.checkDump({ provider: 'catalogue' })).state).toBe('stale');
        await withDatabase(
          async (copy) => {
            await loaded(copy.url, text);
            const { lost } = differences(await catalogueFacts(old.url), await catalogueFacts(copy.url));
            expect(lost).toEqual([]);
          },
          { major: 14 },
        );
        await bellows.close();
      },
      { major: 14 },
    );
  });

  it.skipIf(pgDump >= 18)('by a binary that is older than the server, or by none, is refused', async () => {
    const { bellows } = await open({});
    const error = await refusal(bellows.dump({ provider: 'pg_dump' }));
    expect(error.code).toBe('BELLOWS_PG_DUMP');
    expect(error.text.next).toContain('--provider catalogue');
  });
});

describe('dump --check', () => {
  it('finds a file missing, current, stale; and neither line ends nor empty lines make it stale', async () => {
    const { bellows, client, cwd } = await open({});
    await client.query(SCHEMA);
    expect((await bellows.checkDump()).state).toBe('missing');
    const { text } = await bellows.dump();
    expect(await bellows.checkDump()).toMatchObject({ state: 'current', diff: '' });
    const file = join(cwd, 'schema.sql');
    await writeFile(file, `\ufeff${text.replaceAll('\n\n', '\n\n\n').replaceAll('\n', '  \r\n')}`);
    expect((await bellows.checkDump()).state).toBe('current');
    await writeFile(file, text.replace('name text', 'name varchar'));
    const { state, diff } = await bellows.checkDump();
    expect(state).toBe('stale');
    expect(diff).toMatch(/^--- schema.sql\n\+\+\+ the database\n@@ -\d+,\d+ \+\d+,\d+ @@\n/);
    expect(diff).toContain('\n-    name varchar\n+    name text\n');
    expect(await readFile(file, 'utf8')).toContain('name varchar');
  });

  it('compares privileges only where the file has them', async () => {
    const { bellows, client } = await open({});
    await client.query(`${SCHEMA} grant select on people to public`);
    await bellows.dump();
    expect((await bellows.checkDump()).state).toBe('current');
    expect((await bellows.dump({ grants: true })).text).toContain(
      'GRANT SELECT ON TABLE public.people TO PUBLIC;',
    );
    expect(await bellows.checkDump()).toMatchObject({ state: 'current', grants: true });
    await client.query('revoke select on people from public');
    expect((await bellows.checkDump()).state).toBe('stale');
  });
});

describe('load', () => {
  it('makes the same schema and rows in an empty database', async () => {
    const { bellows, client } = await open({});
    await client.query(SCHEMA);
    const { text } = await bellows.dump();
    await withDatabase(async (copy) => {
      const other = await open({}, { overrides: { databaseUrl: copy.url } });
      await writeFile(join(other.cwd, 'schema.sql'), text);
      expect(await other.bellows.load()).toMatchObject({ file: 'schema.sql', oneTransaction: true });
      expect(await other.bellows.checkDump()).toMatchObject({ state: 'current' });
      expect(differences(await catalogueFacts(database.url), await catalogueFacts(copy.url))).toEqual(NONE);
      await other.bellows.close();
    });
  });

  it('refuses a database that holds anything, and changes nothing', async () => {
    const { bellows, client } = await open({});
    await client.query(SCHEMA);
    await bellows.dump();
    const error = await refusal(bellows.load());
    expect(error.code).toBe('BELLOWS_LOAD_NOT_EMPTY');
    expect(error.message).toContain('table public.people, table public.schema_migrations');
    expect(error.text.next).toContain('bellows create');
  });

  it('says where a statement failed, and leaves nothing behind', async () => {
    const { bellows, client, cwd } = await open({});
    await writeFile(
      join(cwd, 'schema.sql'),
      `create table a (id int);\ncreate table b (\n  id int,\n  at nosuchtype\n);\n`,
    );
    const error = await refusal(bellows.load());
    expect(error).toMatchObject({
      code: 'BELLOWS_SQL_FAILED',
      data: { file: 'schema.sql', line: 4, column: 6 },
    });
    expect('render' in error && typeof error.render === 'function' && error.render()).toContain(
      '4 |   at nosuchtype\n         ^',
    );
    expect((await client.query(`select to_regclass('a') as a`)).rows).toEqual([{ a: null }]);
    await writeFile(join(cwd, 'schema.sql'), 'create table a (id int);\ncreate tabel b (id int);');
    expect(await refusal(bellows.load())).toMatchObject({ code: 'BELLOWS_SQL_SYNTAX', data: { line: 2 } });
    expect((await refusal(bellows.load({ file: 'none.sql' }))).text.what).toBe(
      'There is no schema file none.sql.',
    );
  });

  it('takes files of pg_dump and dbmate: their guards, and settings that this server does not know', async () => {
    const { bellows, client, cwd } = await open({});
    await writeFile(
      join(cwd, 'schema.sql'),
      `\\restrict dbmate\nSET transaction_timeout = 0;\nSET setting_of_version_30 = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.t (id int);\n\\unrestrict dbmate\n`,
    );
    await bellows.load();
    expect((await client.query(`select to_regclass('public.t') is not null as there`)).rows).toEqual([
      { there: true },
    ]);
  });

  it('runs what no transaction may hold one by one, and says what stays when it fails', async () => {
    const { bellows, client, cwd } = await open({});
    await writeFile(
      join(cwd, 'schema.sql'),
      'create table t (id int);\ncreate index concurrently t_id on t (id);\ncreate table t (id int);\n',
    );
    const error = await refusal(bellows.load());
    expect(error.text.left).toContain('The 2 statements before it');
    expect(
      (await client.query(`select indisvalid from pg_index where indexrelid = 't_id'::regclass`)).rows,
    ).toEqual([{ indisvalid: true }]);
  });
});

/** Plain SQL migrations on a real server: what is applied, what is recorded, what is refused. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '#postgres/database';
import { type Project, refusal, useProjects, values } from '../e2e/stage.js';

const { database, open } = useProjects();

const versions = ({ client }: Project) =>
  values<string>(client, 'select version as value from schema_migrations order by 1');
const states = async ({ bellows }: Project) =>
  (await bellows.status()).migrations.map(({ id, state }) => `${id.replace(/^\d+_/, '')} ${state}`);

const USERS = `-- 20240101120000_create_users.sql
-- migrate:up

CREATE TABLE users (
    id BIGSERIAL PRIMARY KEY,
    email VARCHAR(255) NOT NULL UNIQUE,
    full_name TEXT,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_users_full_name ON users(full_name) WHERE full_name IS NOT NULL;
COMMENT ON TABLE users IS 'People; those with an account';

CREATE OR REPLACE FUNCTION touch() RETURNS TRIGGER AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$ language 'plpgsql';

CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
`;

describe('up', () => {
  it('applies files in the order of their names, each in one transaction with its record', async () => {
    const project = await open({
      '20240102000000_fill.sql': `insert into users (email, full_name) values ('a@example.org', 'Ada Lovelace'), ('b@example.org', 'Plato');`,
      '20240101120000_create_users.sql': USERS,
    });
    const result = await project.bellows.up();
    expect([result.reached, await versions(project)]).toEqual([true, ['20240101120000', '20240102000000']]);
    expect(await states(project)).toEqual(['create_users done', 'fill done']);
    const rows = await values<number>(
      project.client,
      `select count(distinct x)::int as value from (
         select xmin::text as x from schema_migrations where version = '20240102000000'
         union all
         select xmin::text from bellows.plain where version = '20240102000000'
         union all
         select xmin::text from users) t`,
    );
    expect(rows).toEqual([1]);
    expect((await project.bellows.up()).reached).toBe(true);
  });

  it('runs files of every form: several commands to an ALTER, DO loops, CONCURRENTLY beside others, no directive', async () => {
    const project = await open({
      '20240101120000_create_users.sql': USERS,
      '20240102000000_fill.sql': `insert into users (email, full_name) select n || '@example.org', 'Name ' || n from generate_series(1, 2500) n;`,
      '20240103000000_split.sql': `-- migrate:up
ALTER TABLE users
ADD COLUMN first_name VARCHAR(100),
ADD COLUMN last_name VARCHAR(100);
UPDATE users
SET first_name = SPLIT_PART(full_name, ' ', 1),
    last_name = CASE WHEN ARRAY_LENGTH(STRING_TO_ARRAY(full_name, ' '), 1) > 1 THEN SUBSTRING(full_name FROM LENGTH(SPLIT_PART(full_name, ' ', 1)) + 2) ELSE '' END
WHERE full_name IS NOT NULL;
ALTER TABLE users ALTER COLUMN first_name SET NOT NULL, ALTER COLUMN last_name SET NOT NULL;
ALTER TABLE users DROP COLUMN full_name;
`,
      '20240104000000_status.sql': `-- Phase 1
ALTER TABLE users ADD COLUMN new_status VARCHAR(20);
CREATE INDEX CONCURRENTLY idx_users_new_status ON users(new_status);

-- Phase 3
UPDATE users SET new_status = 'pending' WHERE new_status IS NULL;
ALTER TABLE users ALTER COLUMN new_status SET NOT NULL;
ALTER TABLE users RENAME COLUMN new_status TO status;
`,
      '20240105000000_loop.sql': `DO $$
DECLARE
    processed INTEGER := 0;
    total INTEGER;
BEGIN
    SELECT COUNT(*) INTO total FROM users WHERE status = 'pending';
    WHILE processed < total LOOP
        UPDATE users SET status = 'active'
        WHERE id IN (SELECT id FROM users WHERE status = 'pending' ORDER BY id LIMIT 1000);
        processed := processed + 1000;
        RAISE NOTICE 'Processed % of % rows', processed, total;
    END LOOP;
END $$;
`,
      '20240106000000_remark.sql': `-- Not in production:
-- migrate:down
-- DROP TABLE users;

-- rather a new migration:
ALTER TABLE users DROP COLUMN IF EXISTS deprecated_field;
`,
    });
    const notices: string[] = [];
    expect((await project.bellows.up({ onNotice: (text) => notices.push(text) })).reached).toBe(true);
    expect(notices).toContain('Processed 3000 of 2500 rows');
    expect(
      await values(
        project.client,
        `select format('%s %s %s', min(status), max(status), count(*)) as value from users`,
      ),
    ).toEqual(['active active 2500']);
    expect(
      await values(
        project.client,
        `select indisvalid as value from pg_index where indexrelid = 'idx_users_new_status'::regclass`,
      ),
    ).toEqual([true]);
    expect((await versions(project)).length).toBe(6);
  });

  it('keeps what every statement cost and which locks it held, and no SQL', async () => {
    const project = await open({
      '20240101000000_a.sql': `create table parents (id int primary key);`,
      '20240102000000_b.sql': `create table children (id int references parents);\nalter table parents add column name text;\nselect pg_sleep(0.02);`,
    });
    await project.bellows.up();
    const [entry] = await project.bellows.history({ migration: '20240102000000_b' });
    const { statements } = (entry?.detail ?? {}) as {
      statements: {
        line: number;
        ms: number;
        locks?: { relation: string; mode: string; heldMs: number }[];
      }[];
    };
    expect(statements.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(statements[2]?.ms).toBeGreaterThanOrEqual(20);
    // A foreign key locks the table that it refers to; the new table's own lock is nobody's business.
    expect(statements.map(({ locks }) => locks?.map(({ relation, mode }) => `${mode} ${relation}`))).toEqual([
      ['SHARE ROW EXCLUSIVE parents'],
      ['ACCESS EXCLUSIVE parents'],
      undefined,
    ]);
    expect(statements[1]?.locks?.[0]?.heldMs).toBeGreaterThanOrEqual(20);
    expect(JSON.stringify(entry)).not.toMatch(/alter table|pg_sleep/);
  });

  it('ends what a file sets with the file', async () => {
    const project = await open({
      '20240101000000_a.sql': `create schema s; set search_path = s; create table here (id int);`,
      '20240102000000_b.sql': `create table there (id int);`,
    });
    await project.bellows.up();
    expect(
      await values(
        project.client,
        `select format('%s.%s', schemaname, tablename) as value from pg_tables where tablename in ('here', 'there') order by 1`,
      ),
    ).toEqual(['public.there', 's.here']);
  });

  it('records under its own role what ran under another', async () => {
    const project = await open({});
    const role = `owner_${process.pid}_${Date.now()}`;
    await project.client.query(`create role ${role}; grant create on schema public to ${role}`);
    await project.write('20240101000000_a.sql', `set role ${role};\ncreate table theirs (id int);`);
    await project.bellows.up();
    expect(
      await values(project.client, `select tableowner as value from pg_tables where tablename = 'theirs'`),
    ).toEqual([role]);
    await project.client.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('says where a statement failed, and keeps nothing of its file', async () => {
    const project = await open({
      '20240101000000_a.sql': `create table a (id int);`,
      '20240102000000_b.sql': `-- migrate:up\ncreate table b (id int);\ninsert into b values (1);\nalter table b\n\tadd column x nosuchtype;\n`,
    });
    const error = await refusal(project.bellows.up());
    expect([error.code, error.exit]).toEqual(['BELLOWS_SQL_FAILED', 3]);
    expect(Reflect.get(error, 'render').call(error)).toBe(
      'migrations/20240102000000_b.sql:5:15: type "nosuchtype" does not exist (42704)\n5 | \tadd column x nosuchtype;\n    \t             ^',
    );
    expect([await versions(project), await states(project)]).toEqual([
      ['20240101000000'],
      ['a done', 'b pending'],
    ]);
    expect(await values(project.client, `select to_regclass('b') as value`)).toEqual([null]);
    await project.write('20240102000000_b.sql', 'create table b (id int);');
    expect((await project.bellows.up()).reached).toBe(true);
  });

  it('tells no value of a row', async () => {
    const project = await open({
      '20240101000000_a.sql': `create table a (id int primary key, secret text);\ninsert into a values (1, 'hunter2');`,
      '20240102000000_b.sql': `insert into a values (1, 'hunter2');`,
    });
    const error = await refusal(project.bellows.up());
    expect(error.message).toContain('duplicate key value violates unique constraint "a_pkey" (23505)');
    await project.write('20240102000000_b.sql', `alter table a alter secret type int using secret::int;`);
    const cast = await refusal(project.bellows.up());
    expect(cast.message).toContain('invalid input syntax for type integer: "…" (22P02)');
    const everything = JSON.stringify([error, cast, await project.bellows.history({ limit: 100 })]);
    expect(everything).not.toContain('hunter2');
  });

  it.each([
    ['', 'BELLOWS_FILE_EMPTY'],
    ['-- migrate:up\n\n-- migrate:down\n', 'BELLOWS_SQL_FILE'],
    ['-- nothing yet', 'BELLOWS_SQL_FILE'],
    ['select 1;\nrollback;', 'BELLOWS_SQL_FILE'],
    ['begin;\nvacuum;\ncommit;', 'BELLOWS_SQL_FILE'],
    ['selec 1;', 'BELLOWS_SQL_FILE'],
    ['copy a from stdin;', 'BELLOWS_SQL_FILE'],
    ['-- migrate:down\nselect 1;', 'BELLOWS_SQL_DIRECTIVE'],
  ])('refuses %j before anything is run', async (text, code) => {
    const project = await open({
      '20240101000000_a.sql': 'create table a ();',
      '20240102000000_b.sql': text,
    });
    expect((await refusal(project.bellows.up())).code).toBe(code);
    expect(await values(project.client, `select to_regclass('a') as value`)).toEqual([null]);
  });

  it('takes begin and commit of a file at their word', async () => {
    const project = await open({
      '20240101000000_a.sql': `begin;\ncreate table a (id int);\ncommit;\nvacuum a;\nbegin;\ninsert into a values (1);\nend;`,
    });
    await project.bellows.up();
    expect(await values(project.client, 'select id as value from a')).toEqual([1]);
  });
});

describe('a dry run', () => {
  it('tells what would be done, and leaves a database as it was that knows nothing of Bellows', async () => {
    const project = await open({
      '20240101000000_a.sql': 'create table a (id int);\ncreate index concurrently i on a (id);\nselect 1;',
    });
    const { migrations } = await project.bellows.dryRun();
    expect(migrations).toEqual([
      {
        kind: 'sql',
        id: '20240101000000_a',
        file: 'migrations/20240101000000_a.sql',
        waitsFor: null,
        units: [
          { transaction: true, statements: [{ line: 1, sql: 'create table a (id int)' }] },
          { transaction: false, statements: [{ line: 2, sql: 'create index concurrently i on a (id)' }] },
          { transaction: true, statements: [{ line: 3, sql: 'select 1' }] },
        ],
      },
    ]);
    expect(
      await values(
        project.client,
        `select nspname as value from pg_namespace where nspname in ('bellows', 'bullmq')`,
      ),
    ).toEqual([]);
    expect(
      await values(
        project.client,
        `select count(*)::int as value from pg_class where relnamespace = 'public'::regnamespace`,
      ),
    ).toEqual([0]);
  });

  it('is kept read-only by the server, not by our good will', async () => {
    const reading = createDatabase({ url: database.url, applicationName: 'test', readOnly: true });
    await expect(reading.query('create table a ()')).rejects.toMatchObject({ code: '25006' });
    await expect(reading.transaction({}, (tx) => tx.query('create table a ()'))).rejects.toMatchObject({
      code: '25006',
    });
    await expect(reading.direct(new AbortController().signal, (s) => s.query('select 1'))).rejects.toThrow(
      'read-only',
    );
    await reading.close();
  });
});

describe('the schema file', () => {
  it('is written after something was applied, and not by a second up, nor where it is not wanted', async () => {
    const project = await open({ '20240101000000_a.sql': 'create table a (id int);' });
    expect((await project.bellows.up()).schemaFile).toBe('schema.sql');
    expect(await readFile(join(project.cwd, 'schema.sql'), 'utf8')).toMatch(/create table public\.a/i);
    expect((await project.bellows.up()).schemaFile).toBeNull();
    const silent = await open(
      { '20240102000000_b.sql': 'create table b (id int);' },
      { overrides: { dumpSchema: false } },
    );
    expect((await silent.bellows.up()).schemaFile).toBeNull();
    const production = await open(
      { '20240103000000_c.sql': 'create table c (id int);' },
      {
        config: `export default { environments: { production: {} } };`,
        env: 'production',
      },
    );
    expect((await production.bellows.up()).schemaFile).toBeNull();
  });
});

describe('integrity', () => {
  const FILES = {
    '20240102000000_b.sql': 'create table b (id int);\n',
    '20240104000000_d.sql': 'create table d (id int);\n',
  };

  it('does not mind line endings, and stops at an edit until it is resolved', async () => {
    const project = await open(FILES);
    await project.bellows.up();
    await project.write('20240102000000_b.sql', '\ufeffcreate table b (id int);\r\n\r\n');
    expect((await project.bellows.up()).reached).toBe(true);
    await project.write('20240102000000_b.sql', 'create table b (id bigint);\n');
    const error = await refusal(project.bellows.up());
    expect([error.code, error.exit]).toEqual(['BELLOWS_DRIFT', 5]);
    expect((await project.bellows.validate()).findings.map(({ kind }) => kind)).toEqual(['edited']);
    expect((await project.bellows.status()).migrations[0]?.next).toContain('edited after it was applied');
    await project.bellows.resolve('20240102000000', 'applied', { reason: 'checked by hand' });
    expect((await project.bellows.up()).reached).toBe(true);
  });

  it('finds files that are missing, renamed, late, or twice', async () => {
    const project = await open(FILES);
    await project.bellows.up();
    await project.write('20240103000000_c.sql', 'create table c (id int);');
    const strict = await refusal(project.bellows.up({ strict: true }));
    expect([strict.code, strict.exit]).toEqual(['BELLOWS_SQL_LATE', 1]);
    const kinds = async () =>
      (await project.bellows.validate()).findings.map(({ kind, migration }) => `${kind} ${migration}`);
    expect(await kinds()).toEqual(['late 20240103000000_c']);
    expect((await project.bellows.up()).reached).toBe(true);
    await project.remove('20240103000000_c.sql');
    expect(await kinds()).toEqual(['missing 20240103000000_c']);
    expect((await project.bellows.up()).reached).toBe(true);
    await project.write('20240105000000_c.sql', 'create table c (id int);');
    expect(await kinds()).toEqual(['renamed 20240105000000_c', 'missing 20240103000000_c']);
    expect((await refusal(project.bellows.up())).exit).toBe(5);
    await project.write('20240105000000_twice.sql', 'select 1;');
    expect((await refusal(project.bellows.up())).code).toBe('BELLOWS_FILE_VERSION');
  });

  it('takes a database that was there already for migrated', async () => {
    const project = await open(FILES);
    await project.client.query('create table b (id int)');
    expect(
      (await project.bellows.baseline('20240102000000')).map(({ id, state }) => `${id} ${state}`),
    ).toEqual(['20240102000000_b done']);
    expect(await states(project)).toEqual(['b done', 'd pending']);
    expect((await project.bellows.up()).reached).toBe(true);
    expect(await versions(project)).toEqual(['20240102000000', '20240104000000']);
  });

  it('goes on where another tool began, and notices edits from then on', async () => {
    const project = await open(FILES);
    await project.client.query(
      `create table schema_migrations (version varchar primary key);
       insert into schema_migrations values ('20240102000000');
       create table b (id int)`,
    );
    expect(await states(project)).toEqual(['b done', 'd pending']);
    await project.bellows.up();
    await project.write('20240102000000_b.sql', 'create table b (id bigint);');
    expect((await refusal(project.bellows.up())).exit).toBe(5);
  });
});

describe('rollback', () => {
  const step = (n: number) => `-- migrate:up\ncreate table t${n} ();\n-- migrate:down\ndrop table t${n};\n`;
  const tables = ({ client }: Project) =>
    values<string>(
      client,
      `select tablename as value from pg_tables where tablename ~ '^t[0-9]$' order by 1`,
    );

  it('takes back the newest, several, or all above a version', async () => {
    const project = await open(
      Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`2024010${n}000000_t${n}.sql`, step(n)])),
    );
    await project.bellows.up();
    expect((await project.bellows.rollback()).state).toBe('pending');
    expect(await tables(project)).toEqual(['t1', 't2', 't3', 't4']);
    await project.bellows.rollbackMany({ steps: 2 });
    expect(await tables(project)).toEqual(['t1', 't2']);
    await project.bellows.up();
    await project.bellows.rollbackMany({ to: '20240101000000' });
    expect([await tables(project), await versions(project)]).toEqual([['t1'], ['20240101000000']]);
    expect(await readFile(join(project.cwd, 'schema.sql'), 'utf8')).not.toContain('t2');
    expect((await refusal(project.bellows.rollbackMany({ to: '2023' }))).code).toBe('BELLOWS_DEFINITION');
  });

  it('begins with none where one of them has no way back', async () => {
    const project = await open({
      '20240101000000_t1.sql': '-- migrate:up\ncreate table t1 ();\n\n-- migrate:down\n',
      '20240102000000_t2.sql': step(2),
    });
    await project.bellows.up();
    const error = await refusal(project.bellows.rollbackMany({ steps: 2 }));
    expect([error.code, error.exit]).toEqual(['BELLOWS_NO_DOWN_BLOCK', 1]);
    expect(await tables(project)).toEqual(['t1', 't2']);
  });
});

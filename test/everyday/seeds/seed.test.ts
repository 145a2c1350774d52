import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { SeedOptions, SeedReport } from '#api';
import { BellowsError, createBellows } from '#index';
import { type Project, type ProjectOptions, refusal, useProjects, values } from '../../e2e/stage.js';
import { connect } from '../../support/database.js';
import { until } from '../../support/until.js';

const { open, database } = useProjects();

const TABLES = `create table users (id int generated always as identity primary key, email text unique not null, full_name text);
  create table roles (name text primary key, description text);`;

async function seeding(
  files: Readonly<Record<string, string>>,
  options: ProjectOptions = {},
): Promise<Project> {
  const project = await open({}, options);
  await project.client.query(TABLES);
  await writeAll(project, files);
  return project;
}

async function writeAll({ cwd }: Project, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
}

const emails = (client: pg.Client) => values<string>(client, 'select email as value from users order by id');
const seedRows = (client: pg.Client) =>
  values<string>(client, `select seed || ' ' || times as value from bellows.seeds order by applied_at`);
const brief = ({ files }: SeedReport) => files.map(({ file, state, ran }) => [file, state, ran]);

/** As teams write them: multi-row inserts with a dollar in a value, comments, several tables. */
const DEVELOPMENT = `-- Data for a developer's machine
INSERT INTO users (email, full_name) VALUES
('admin@example.com', 'Admin; User'),
('user@example.com', '$2a$10$hash2');

INSERT INTO roles (name, description) VALUES
('admin', 'Administrator; full access');`;

describe('seeds', () => {
  it('are applied once for each text; line endings are none of it', async () => {
    const project = await seeding({ 'seeds/development.sql': DEVELOPMENT });
    const seed = (options?: SeedOptions) => project.bellows.seed(options);
    const first = await seed();
    expect(first).toMatchObject({ seeds: 'development', environment: 'default', database: database.name });
    expect(first.files).toMatchObject([
      { file: 'seeds/development.sql', state: 'pending', ran: true, statements: 2, appliedAt: null },
    ]);
    expect(brief(await seed())).toEqual([['seeds/development.sql', 'applied', false]]);
    await writeAll(project, { 'seeds/development.sql': `\ufeff${DEVELOPMENT.replaceAll('\n', '\r\n')}\r\n` });
    expect(brief(await seed())).toEqual([['seeds/development.sql', 'applied', false]]);
    expect(await emails(project.client)).toEqual(['admin@example.com', 'user@example.com']);

    await writeAll(project, {
      'seeds/development.sql': `insert into users (email) values ('new@example.com');`,
    });
    const changed = await seed();
    expect(changed.files).toMatchObject([
      { state: 'changed', ran: true, appliedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect(await emails(project.client)).toContain('new@example.com');
    expect(await seedRows(project.client)).toEqual(['development.sql 1', 'development.sql 1']);
    expect((await project.bellows.history()).map(({ action }) => action)).toEqual(['seed', 'seed']);
  });

  it('are forced again, and only then', async () => {
    const project = await seeding({
      'seeds/development.sql': `insert into users (email) values (gen_random_uuid()::text)`,
    });
    await project.bellows.seed();
    expect(brief(await project.bellows.seed({ force: true }))).toEqual([
      ['seeds/development.sql', 'applied', true],
    ]);
    expect(await emails(project.client)).toHaveLength(2);
    expect(await seedRows(project.client)).toEqual(['development.sql 2']);
  });

  it('of a folder go in the order of their names, SQL and TypeScript, each a transaction of its own', async () => {
    const project = await seeding({
      'seeds/test/02_more.ts': `import { defineSeed } from 'pgbellows';
        export default defineSeed(async (db) => {
          const [row] = await db.query<{ n: number }>('select count(*)::int as n from users where email = $1', ['first']);
          await db.query('insert into users (email) values ($1)', ['second after ' + row?.n]);
        });`,
      'seeds/test/01_first.sql': `insert into users (email) values ('first');`,
      'seeds/test/10_last.sql': `insert into users (email) values ('last');`,
      'seeds/test/_shared.ts': `throw new Error('no seed')`,
      'seeds/test/README.md': 'none either',
    });
    const report = await project.bellows.seed({ seeds: 'test' });
    expect(report.files.map(({ file, statements }) => [file, statements])).toEqual([
      ['seeds/test/01_first.sql', 1],
      ['seeds/test/02_more.ts', 2],
      ['seeds/test/10_last.sql', 1],
    ]);
    expect(await emails(project.client)).toEqual(['first', 'second after 1', 'last']);
  });

  it('are shown without being applied, also before Bellows is installed', async () => {
    const project = await seeding({
      'seeds/development/1.sql': `insert into users (email) values ('a')`,
      'seeds/development/2.sql': `insert into users (email) values ('b')`,
    });
    const shown = () => project.bellows.seed({ dryRun: true }).then(brief);
    expect(await shown()).toEqual([
      ['seeds/development/1.sql', 'pending', false],
      ['seeds/development/2.sql', 'pending', false],
    ]);
    expect(
      await values(project.client, `select nspname as value from pg_namespace where nspname = 'bellows'`),
    ).toEqual([]);
    await project.bellows.seed();
    await writeAll(project, { 'seeds/development/2.sql': 'select 1' });
    expect((await shown()).map(([, state]) => state)).toEqual(['applied', 'changed']);
    expect(await emails(project.client)).toEqual(['a', 'b']);
  });

  it('are beside db/migrations, or where the configuration says', async () => {
    const project = await seeding(
      { 'db/seeds/development.sql': `insert into users (email) values ('a')`, 'db/migrations/README.md': '' },
      { config: `export default { migrations: 'db/migrations' };` },
    );
    expect(brief(await project.bellows.seed())).toEqual([['db/seeds/development.sql', 'pending', true]]);
  });
});

describe('a seed that fails', () => {
  it('leaves nothing of its file, says so with file, line and column, and keeps the files before it', async () => {
    const source = `insert into users (email) values ('a');\n\ninsert into users (email, nme)\nvalues ('b', 'x');`;
    const project = await seeding({
      'seeds/development/1.sql': `insert into roles values ('kept', '')`,
      'seeds/development/2.sql': source,
    });
    const error = await refusal(project.bellows.seed());
    expect(error.message).toBe(
      'seeds/development/2.sql:3:27: column "nme" of relation "users" does not exist (42703)',
    );
    expect(error.text.left).toBe(
      'Nothing of seeds/development/2.sql was kept. Applied before it, and kept: seeds/development/1.sql.',
    );
    expect(
      'render' in error && typeof error.render === 'function' && String(error.render()).split('\n').slice(1),
    ).toEqual(['3 | insert into users (email, nme)', `${' '.repeat(4 + 26)}^`]);
    expect(await emails(project.client)).toEqual([]);
    await writeAll(project, { 'seeds/development/2.sql': source.replace('nme', 'full_name') });
    expect(brief(await project.bellows.seed())).toEqual([
      ['seeds/development/1.sql', 'applied', false],
      ['seeds/development/2.sql', 'pending', true],
    ]);
  });

  it('for want of a table says to run bellows up', async () => {
    const project = await seeding({ 'seeds/development.sql': `insert into nowhere values (1)` });
    const error = await refusal(project.bellows.seed());
    expect([error.code, error.exit]).toEqual(['BELLOWS_SQL_FAILED', 3]);
    expect(error.text.next).toContain('bellows up');
  });

  it('at the end, by a deferred constraint, leaves nothing either', async () => {
    const project = await seeding({ 'seeds/development.sql': `insert into late values (1, 7)` });
    await project.client.query(
      'create table late (id int primary key, other int references late deferrable initially deferred)',
    );
    const error = await refusal(project.bellows.seed());
    expect(error.message).toMatch(
      /^seeds\/development\.sql: .*late_other_fkey.*\(23503\), at the end of its transaction$/,
    );
    expect(await seedRows(project.client)).toEqual([]);
  });

  it('in TypeScript names the line that asked and shows the SQL; a caught error fails it all the same', async () => {
    const code = (body: string) =>
      `import { defineSeed } from 'pgbellows';\nexport default defineSeed(async (db) => {\n  await db.query("insert into users (email) values ('a')");\n${body}\n});`;
    const project = await seeding({
      'seeds/development.ts': code('  await db.query("select nope from users");'),
    });
    const error = await refusal(project.bellows.seed());
    expect(error.message).toMatch(/^seeds\/development\.ts:4:\d+: column "nope" does not exist \(42703\)$/);
    expect('render' in error && typeof error.render === 'function' && String(error.render())).toContain(
      '1 | select nope from users\n           ^',
    );
    await writeAll(project, {
      'seeds/development.ts': code('  await db.query("select nope").catch(() => undefined);'),
    });
    expect((await refusal(project.bellows.seed())).code).toBe('BELLOWS_SEED_FAILED');
    await writeAll(project, { 'seeds/development.ts': code('  void db.query("select nope");') });
    expect((await refusal(project.bellows.seed())).message).toContain('column "nope" does not exist');
    await writeAll(project, { 'seeds/development.ts': code('  throw new Error("no luck");') });
    expect((await refusal(project.bellows.seed())).message).toMatch(
      /^seeds\/development\.ts:4:\d+ threw: no luck$/,
    );
    expect(await emails(project.client)).toEqual([]);
    expect(await seedRows(project.client)).toEqual([]);
  });

  it.each([
    [
      'begin',
      'begin;\ninsert into users (email) values (1);\ncommit;',
      '1:1: a seed is one transaction already',
    ],
    ['commit', `select 1;\n  commit;`, '2:3: a seed is one transaction already'],
    ['copy', `select 1;\ncopy users from stdin;`, '2:1: COPY FROM STDIN'],
    ['psql', `select 1;\n\\i other.sql`, '2:1: SQL that PostgreSQL cannot read'],
  ])('before anything runs, also the files before it: %s', async (_, source, what) => {
    const project = await seeding({
      'seeds/development/1.sql': `insert into users (email) values ('a')`,
      'seeds/development/2.sql': source,
    });
    const error = await refusal(project.bellows.seed());
    expect(error.message).toContain(`seeds/development/2.sql:${what}`);
    expect(error.exit).toBe(2);
    expect(await emails(project.client)).toEqual([]);
  });

  it('in its surroundings: none, two of a name, no seed in the file', async () => {
    const project = await seeding({ 'seeds/test.sql': 'select 1', 'seeds/staging/1.sql': 'select 1' });
    const none = await refusal(project.bellows.seed());
    expect([none.code, none.exit, none.text.why]).toEqual([
      'BELLOWS_SEED_NONE',
      2,
      'There are seeds for: staging, test.',
    ]);
    await writeAll(project, { 'seeds/test.ts': 'export default {}' });
    expect((await refusal(project.bellows.seed({ seeds: 'test' }))).code).toBe('BELLOWS_SEED_AMBIGUOUS');
    await rename(join(project.cwd, 'seeds/test.ts'), join(project.cwd, 'seeds/other.ts'));
    expect((await refusal(project.bellows.seed({ seeds: 'other' }))).text.next).toContain('defineSeed');
    expect((await refusal(project.bellows.seed({ seeds: '../migrations' }))).code).toBe('BELLOWS_SEED_NONE');
  });
});

describe('settings of a seed', () => {
  it('end with it', async () => {
    const project = await seeding({
      'seeds/development/1.sql': `set search_path = pg_catalog; set role pg_monitor; set statement_timeout = '7s';`,
      'seeds/development/2.sql': `insert into users (email) values (current_setting('statement_timeout') || current_user)`,
    });
    await project.bellows.seed();
    expect(await emails(project.client)).toEqual([`0${new URL(database.url).username}`]);
  });
});

describe('production', () => {
  it('wants a yes: by the name of the seeds, by the environment, by what the configuration marks so', async () => {
    const files = {
      'seeds/production.sql': DEVELOPMENT,
      'seeds/development.sql': 'select 1',
      'seeds/live.sql': 'select 1',
    };
    const project = await seeding(files);
    const error = await refusal(project.bellows.seed({ seeds: 'production' }));
    expect([error.code, error.exit]).toEqual(['BELLOWS_SEED_PRODUCTION', 2]);
    expect(error.text.next).toContain('--yes');
    expect(brief(await project.bellows.seed({ seeds: 'production', dryRun: true }))).toHaveLength(1);
    expect(await emails(project.client)).toEqual([]);
    await project.bellows.seed({ seeds: 'production', yes: true });
    expect(await emails(project.client)).toHaveLength(2);

    const config = 'export default { environments: { live: { production: true }, production: {} } };';
    for (const env of ['live', 'production']) {
      const other = await open({}, { config, env });
      await writeAll(other, files);
      expect((await refusal(other.bellows.seed({ seeds: 'development' }))).code).toBe(
        'BELLOWS_SEED_PRODUCTION',
      );
    }
  });
});

describe('two seeders at once', () => {
  it('the second waits for the first, and finds it applied', async () => {
    const project = await seeding({
      'seeds/development.sql': `select pg_advisory_xact_lock(4711); insert into users (email) values ('once');`,
    });
    const holder = await connect(database.url);
    await holder.query('select pg_advisory_lock(4711)');
    const second = await createBellows({ cwd: project.cwd, overrides: { databaseUrl: database.url } });
    try {
      await project.bellows.seed({ dryRun: true });
      const first = project.bellows.seed();
      await until(async () => (await waiting(holder, 'advisory')) === 1);
      const told: string[] = [];
      const other = second.seed({ onWait: (file) => told.push(file) });
      await until(() => told.length > 0);
      expect(await waiting(holder, 'transactionid')).toBe(1);
      await holder.query('select pg_advisory_unlock(4711)');
      expect(brief(await first)).toEqual([['seeds/development.sql', 'pending', true]]);
      expect(brief(await other)).toEqual([['seeds/development.sql', 'applied', false]]);
      expect(told).toEqual(['seeds/development.sql']);
      expect(await emails(project.client)).toEqual(['once']);
    } finally {
      await second.close();
    }
  });

  it('the second applies it where the first dies half-way', async () => {
    const project = await seeding({
      'seeds/development.sql': `insert into users (email) values ('once'); select pg_advisory_xact_lock(4711);`,
    });
    const holder = await connect(database.url);
    await holder.query('select pg_advisory_lock(4711)');
    const second = await createBellows({ cwd: project.cwd, overrides: { databaseUrl: database.url } });
    try {
      const first = project.bellows.seed().catch((error: unknown) => error);
      await until(async () => (await waiting(holder, 'advisory')) === 1);
      const other = second.seed();
      await until(async () => (await waiting(holder, 'transactionid')) === 1);
      await holder.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
      );
      await holder.query('select pg_advisory_unlock(4711)');
      expect(await first).toBeInstanceOf(BellowsError);
      expect(brief(await other)).toEqual([['seeds/development.sql', 'pending', true]]);
      expect(await emails(project.client)).toEqual(['once']);
    } finally {
      await second.close();
    }
  });
});

async function waiting(client: pg.Client, kind: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select count(*)::int as n
     from pg_stat_activity
     where datname = current_database()
     and wait_event_type = 'Lock'
     and wait_event = $1`,
    [kind],
  );
  return rows[0]?.n ?? 0;
}

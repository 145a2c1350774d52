import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { BellowsConfig } from '#project/config';
import { FileError, SettingsError } from '#project/errors';
import { loadOfflineSettings, loadSettings, type SettingsOptions } from '#project/settings';
import { folderWith, writeAll } from './folder.js';

const URL = 'postgres://app:s3cret@db:5432/app';

async function problemsOf(options: SettingsOptions): Promise<readonly string[]> {
  const error = await loadSettings(options).catch((e: unknown) => e);
  if (!(error instanceof SettingsError)) throw error;
  expect(error.text.what).not.toContain('s3cret');
  return error.problems.map(({ path, message }) => `${path}: ${message}`);
}

const config = (content: string) => ({
  'bellows.config.ts': `import { sql } from 'pgbellows';\nvoid sql;\nexport default ${content};\n`,
});

describe('loadSettings', () => {
  it('fills in every default', async () => {
    const cwd = await folderWith();
    const { databaseUrl, ...settings } = await loadSettings({ cwd, variables: { DATABASE_URL: URL } });
    expect(databaseUrl).toBe(URL);
    expect(settings).toEqual({
      cwd,
      configFile: null,
      environment: 'default',
      queueUrl: null,
      migrations: [join(cwd, 'migrations')],
      migrationsTable: 'schema_migrations',
      schemaFile: join(cwd, 'schema.sql'),
      dumpSchema: true,
      sql: { lockTimeoutMs: 5000, deadlineMs: 600_000 },
      strict: false,
      seeds: join(cwd, 'seeds'),
      checks: {
        ...{ folder: join(cwd, 'checks'), timeoutMs: 60_000, integerPercent: 70 },
        ...{ foreignKeys: [], unique: [], notNull: [] },
      },
      production: false,
      wait: { always: false, timeoutMs: 60_000, intervalMs: 1_000 },
      gate: 'full',
      approval: true,
      backfill: { concurrency: 1, batchTargetMs: 100, rowsPerSecond: null, verifyParallel: 2, vacuum: true },
      throttle: {},
      window: { ddl: [], backfill: [] },
      ddl: { stallMs: 500, deadlineMs: 600_000 },
      http: {
        ...{ host: '127.0.0.1', metricsPort: 9484, workerMetricsPort: 9485 },
        ...{ pageHost: '127.0.0.1', pagePort: 8484, readToken: null, writeToken: null },
      },
      webhooks: [],
      logLevel: 'info',
    });
  });

  it('takes every key of a TypeScript configuration', async () => {
    const all = {
      databaseUrl: URL,
      queueUrl: 'rediss://queue:6380/1',
      migrations: ['a', 'b'],
      migrationsTable: 'ops.versions',
      schemaFile: 'c/structure.sql',
      dumpSchema: false,
      strict: true,
      seeds: 'd',
      checks: {
        folder: 'e',
        timeout: '5m',
        integerPercent: 50,
        foreignKeys: [{ table: 'a', columns: ['b_id'], references: 'x.b' }],
        unique: [{ table: 'a', columns: ['n', 'm'] }],
        notNull: [{ table: 'a', column: 'n' }],
      },
      environments: {
        ci: { gate: 'data-only', databaseUrl: 'postgresql:///ci?host=/run/postgresql', production: true },
      },
      backfill: {
        concurrency: 'auto',
        batchTargetMs: 50,
        rowsPerSecond: 10_000,
        verifyParallel: 2,
        vacuum: false,
      },
      throttle: {
        replication_lag: { seconds: 10, megabytes: 64 },
        standby_missing: { names: ['s1'] },
        connections: false,
        query: { wal: { sql: 'select 1', limit: 5 } },
        http: { url: 'https://gate.example/may-go' },
      },
      window: { ddl: 'sat,sun', backfill: ['mon-fri 22:00-06:00 Europe/Berlin', 'sat,sun'] },
      ddl: { stallMs: 200, deadline: '90s' },
      sql: { lockTimeoutMs: 300, deadline: '1m' },
      http: {
        ...{ host: '0.0.0.0', metricsPort: 1, workerMetricsPort: 2 },
        ...{ pageHost: '::1', pagePort: 3, readToken: 'r'.repeat(16), writeToken: 'w'.repeat(16) },
      },
      webhooks: [{ url: 'https://hooks.example/T0/secret', events: ['gate'] }],
      logLevel: 'debug',
    } satisfies BellowsConfig;
    expect(Object.keys(all).length).toBeLessThan(20);
    const cwd = await folderWith(config(JSON.stringify(all)));
    const settings = await loadSettings({ cwd, env: 'ci', variables: {} });
    expect(settings).toEqual({
      cwd,
      configFile: join(cwd, 'bellows.config.ts'),
      environment: 'ci',
      databaseUrl: 'postgresql:///ci?host=/run/postgresql',
      queueUrl: 'rediss://queue:6380/1',
      migrations: [join(cwd, 'a'), join(cwd, 'b')],
      migrationsTable: 'ops.versions',
      schemaFile: join(cwd, 'c/structure.sql'),
      dumpSchema: false,
      strict: true,
      seeds: join(cwd, 'd'),
      checks: {
        folder: join(cwd, 'e'),
        timeoutMs: 300_000,
        integerPercent: 50,
        foreignKeys: [{ table: 'a', columns: ['b_id'], references: 'x.b', referencedColumns: ['id'] }],
        unique: all.checks.unique,
        notNull: all.checks.notNull,
      },
      production: true,
      wait: { always: false, timeoutMs: 60_000, intervalMs: 1_000 },
      gate: 'data-only',
      approval: false,
      backfill: all.backfill,
      throttle: all.throttle,
      window: { ddl: ['sat,sun'], backfill: all.window.backfill },
      ddl: { stallMs: 200, deadlineMs: 90_000 },
      sql: { lockTimeoutMs: 300, deadlineMs: 60_000 },
      http: all.http,
      webhooks: all.webhooks,
      logLevel: 'debug',
    });
  });

  it('lets command line win over environment entry, over top, over variables, over .env.<env>, over .env', async () => {
    const url = (name: string) => `postgres://h/${name}`;
    const cwd = await folderWith({ '.env': `DATABASE_URL=${url('env')}\nREDIS_URL=redis://env` });
    const chosen = async (options: Omit<SettingsOptions, 'cwd'>) =>
      (await loadSettings({ cwd, ...options })).databaseUrl;
    expect(await chosen({ env: 'ci', variables: {} })).toBe(url('env'));
    await writeAll(cwd, { '.env.ci': `DATABASE_URL=${url('env.ci')}` });
    expect(await chosen({ env: 'ci', variables: {} })).toBe(url('env.ci'));
    expect(await chosen({ variables: {} })).toBe(url('env'));
    expect(await chosen({ env: 'ci', variables: { DATABASE_URL: url('real') } })).toBe(url('real'));
    await writeAll(
      cwd,
      config(`{ databaseUrl: '${url('top')}', environments: { ci: { databaseUrl: '${url('ci')}' } } }`),
    );
    expect(await chosen({ variables: { DATABASE_URL: url('real') } })).toBe(url('top'));
    expect(await chosen({ env: 'ci', variables: {} })).toBe(url('ci'));
    expect(await chosen({ env: 'ci', variables: {}, overrides: { databaseUrl: url('cli') } })).toBe(
      url('cli'),
    );
    expect((await loadSettings({ cwd, variables: {} })).queueUrl).toBe('redis://env');
  });

  it('takes the environment from BELLOWS_ENV, of the shell or of .env', async () => {
    const cwd = await folderWith({ '.env': `BELLOWS_ENV=staging\nDATABASE_URL=${URL}` });
    expect((await loadSettings({ cwd, variables: {} })).environment).toBe('staging');
    expect((await loadSettings({ cwd, variables: { BELLOWS_ENV: 'ci' } })).environment).toBe('ci');
    expect((await loadSettings({ cwd, env: 'qa', variables: { BELLOWS_ENV: 'ci' } })).environment).toBe('qa');
  });

  it('gives .env to a configuration function and leaves process.env as it was', async () => {
    const name = 'BELLOWS_TEST_ONLY_IN_DOTENV';
    const cwd = await folderWith({
      ...config(`(env) => ({ databaseUrl: env.${name} })`),
      '.env': `${name}=${URL}`,
    });
    vi.stubEnv('DATABASE_URL', '');
    expect((await loadSettings({ cwd })).databaseUrl).toBe(URL);
    expect(process.env[name]).toBeUndefined();
    vi.unstubAllEnvs();
  });

  it('finds the folder: migrations/, else db/migrations/, with DBMATE_MIGRATIONS_DIR before both', async () => {
    const cwd = await folderWith({ 'db/migrations/README.md': '' });
    const found = async (variables: Record<string, string> = {}) =>
      (await loadOfflineSettings({ cwd, variables })).migrations.map((path) => path.slice(cwd.length + 1));
    expect(await found()).toEqual(['db/migrations']);
    expect(await found({ DBMATE_MIGRATIONS_DIR: './sql,more' })).toEqual(['sql', 'more']);
    await writeAll(cwd, { 'migrations/README.md': '' });
    expect(await found()).toEqual(['migrations']);
    await writeAll(cwd, config("{ migrations: 'elsewhere/here' }"));
    expect(await found({ DBMATE_MIGRATIONS_DIR: 'sql' })).toEqual(['elsewhere/here']);
  });

  it('reports everything that is wrong at once', async () => {
    const cwd = await folderWith(
      config(`{
        databseUrl: '${URL}',
        queueUrl: 'amqp://x:s3cret@y',
        migrations: 7,
        environments: { ci: { gate: 'none', aproval: true }, bad: 1 },
        backfill: { concurrency: 0.5, rowsPerSecond: '100' },
        throttle: { dead_tupels: {}, connections: { percent: -1 }, http: { url: 'http://user:pw@gate.example' } },
        window: { backfill: 'at night' },
        ddl: { deadline: 'soon' },
        http: { workerMetricsPort: 70000, metricsPort: -1 },
        logLevel: 'loud',
      }`),
    );
    expect(
      await problemsOf({ cwd, variables: { DATABASE_URL: 'postgres://u:s3cret@[bad' } }),
    ).toMatchInlineSnapshot(`
      [
        "queueUrl: must be a URL such as redis://host:6379 (or rediss://, postgres://); in the password, characters like @ : / # ? must be percent-encoded",
        "migrations: must be the name of a folder, or a list of them",
        "environments.ci.gate: must be "full" or "data-only"",
        "environments.ci.aproval: unknown option; did you mean "approval"?",
        "environments.bad: must be an object, not a number",
        "backfill.concurrency: must be a whole number from 1 to 64, or 'auto'",
        "backfill.rowsPerSecond: must be a number, not a string",
        "throttle.connections.percent: must be a number from 0",
        "throttle.http.url: must be an https:// address without a password, or http:// on this machine",
        "throttle.dead_tupels: unknown option; did you mean "dead_tuples"?",
        "window.backfill: must be a window such as "mon-fri 22:00-06:00 Europe/Berlin"",
        "ddl.deadline: must be a duration such as "90s", "10m" or "2h"",
        "http.metricsPort: must be a whole number from 0 to 65535",
        "http.workerMetricsPort: must be a whole number from 0 to 65535",
        "logLevel: must be "trace" or "debug" or "info" or "warn" or "error" or "fatal" or "silent"",
        "databseUrl: unknown option; did you mean "databaseUrl"?",
        "DATABASE_URL: must be a URL such as postgres://user:password@host:5432/name; in the password, characters like @ : / # ? must be percent-encoded",
      ]
    `);
  });

  it('says the three ways to give a missing databaseUrl', async () => {
    const cwd = await folderWith();
    const error = await loadSettings({ cwd, env: 'ci', variables: { DATABASE_URL: ' ' } }).catch(
      (e: unknown) => e,
    );
    expect((error as SettingsError).text).toMatchInlineSnapshot(`
      {
        "left": "Nothing was connected to, and nothing was changed.",
        "next": "Correct what is listed and run the command again.",
        "what": "The configuration cannot be used:
        - databaseUrl: is missing; say it in one of three ways: the environment variable DATABASE_URL, a line DATABASE_URL=… in .env or .env.ci, or environments.ci.databaseUrl in bellows.config.ts",
        "why": "It was read from no bellows.config.ts (there is none in this folder), the environment variables, .env.ci and .env.",
      }
    `);
    expect((error as SettingsError).exit).toBe(2);
    expect((await loadOfflineSettings({ cwd, variables: {} })).databaseUrl).toBeNull();
  });

  it('knows the environments that there are', async () => {
    const cwd = await folderWith(
      config(
        `{ databaseUrl: '${URL}', environments: { production: {}, ci: { gate: 'data-only', approval: true } } }`,
      ),
    );
    expect(await problemsOf({ cwd, env: 'prodution', variables: {} })).toMatchInlineSnapshot(`
      [
        "environments.ci.approval: must not be true with the gate 'data-only', which waives it",
        "environments: has no "prodution"; did you mean "production"?",
      ]
    `);
    expect(await problemsOf({ cwd, env: '../../etc/passwd', variables: {} })).toMatchInlineSnapshot(`
      [
        "--env: the name of an environment is made of letters, digits, "-" and "_"",
      ]
    `);
  });

  it.each(['', ' [1]', ' null', ' "text"', ' () => 5'])('refuses the default export%s', async (content) => {
    const cwd = await folderWith({
      'bellows.config.ts': content === '' ? 'export const a = 1;' : `export default${content};`,
    });
    const error = await loadSettings({ cwd, variables: { DATABASE_URL: URL } }).catch((e: unknown) => e);
    expect(error instanceof SettingsError || error instanceof FileError).toBe(true);
    expect((error as Error).message).toContain('default export');
  });

  it('refuses two configuration files, since the second would be ignored', async () => {
    const cwd = await folderWith({ ...config('{}'), 'bellows.config.mjs': 'export default {};' });
    expect(await problemsOf({ cwd, variables: { DATABASE_URL: URL } })).toEqual([
      ': there is also a bellows.config.mjs: keep one of them',
    ]);
  });

  it('reads .js and .mjs too', async () => {
    for (const name of ['bellows.config.js', 'bellows.config.mjs']) {
      const cwd = await folderWith({ [name]: `export default { databaseUrl: '${URL}' };` });
      expect((await loadSettings({ cwd, variables: {} })).configFile).toBe(join(cwd, name));
    }
  });

  it('documents every key, with its default', async () => {
    const source = await readFile('src/project/config.ts', 'utf8');
    const undocumented = source.split('\n').filter((line, i, lines) => {
      return /^ +readonly \w+\?:/.test(line) && !/\*\/$/.test(lines[i - 1] ?? '');
    });
    expect(undocumented).toEqual([]);
  });
});

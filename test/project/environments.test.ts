import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SettingsError } from '#project/errors';
import { loadOfflineSettings, type OfflineSettings, type SettingsOptions } from '#project/settings';
import { folderWith } from './folder.js';

/** The three files of a dbmate project that has one for each environment. */
const THREE = {
  '.env.development': [
    'DATABASE_URL=postgres://u:p@localhost:5432/shop_dev?sslmode=disable',
    'DBMATE_MIGRATIONS_DIR=db/migrations',
    'DBMATE_SCHEMA_FILE=db/schema.sql',
  ].join('\n'),
  '.env.test': 'DATABASE_URL=postgres://u:p@localhost:5432/shop_test?sslmode=disable',
  '.env.production': [
    'DATABASE_URL=postgres://u:p@db.internal:5432/shop?sslmode=require',
    'DBMATE_MIGRATIONS_DIR=db/migrations',
    'DBMATE_NO_DUMP_SCHEMA=true  # never from here',
  ].join('\n'),
};

const read = (cwd: string, options: Omit<SettingsOptions, 'cwd'> = {}) =>
  loadOfflineSettings({ cwd, variables: {}, ...options });

async function problemsOf(cwd: string, options: Omit<SettingsOptions, 'cwd'>): Promise<readonly string[]> {
  const error = await read(cwd, options).catch((e: unknown) => e);
  if (!(error instanceof SettingsError)) throw error;
  return error.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('environments', () => {
  it('are read from their files as dbmate would have them', async () => {
    const cwd = await folderWith(THREE);
    const development = await read(cwd, { env: 'development' });
    expect(development).toMatchObject({
      databaseUrl: expect.stringContaining('/shop_dev'),
      migrations: [join(cwd, 'db/migrations')],
      schemaFile: join(cwd, 'db/schema.sql'),
      dumpSchema: true,
      production: false,
    });
    expect(await read(cwd, { env: 'test' })).toMatchObject({ schemaFile: join(cwd, 'schema.sql') });
    expect(await read(cwd, { env: 'production' })).toMatchObject({
      databaseUrl: expect.stringContaining('db.internal'),
      schemaFile: join(cwd, 'db/schema.sql'),
      dumpSchema: false,
      production: true,
    });
  });

  it('that are not known are refused, with those that are', async () => {
    const cwd = await folderWith({ ...THREE, '.env.example': '', '.env.local': '' });
    expect(await problemsOf(cwd, { env: 'staging' })).toEqual([
      'environments: there is no .env.staging; known are: development, production, test',
    ]);
    expect(await problemsOf(cwd, { env: 'prodution' })).toEqual([
      'environments: there is no .env.prodution; did you mean "production"?',
    ]);
  });

  it('with a file are known beside those of the configuration', async () => {
    const cwd = await folderWith({
      ...THREE,
      'bellows.config.ts': 'export default { environments: { ci: {} } };',
    });
    expect((await read(cwd, { env: 'test' })).databaseUrl).toContain('shop_test');
    expect(await problemsOf(cwd, { env: 'qa' })).toEqual([
      'environments: has no "qa"; known are: ci, development, production, test',
    ]);
  });

  it('that nobody chose fall back to one that the project knows; a file of it that is wrong is no reason for another', async () => {
    const cwd = await folderWith({ ...THREE, '.env': 'DATABASE_URL=postgres://u:p@localhost/shop' });
    const url = async (options: Omit<SettingsOptions, 'cwd'>) => (await read(cwd, options)).databaseUrl;
    expect(await url({ fallbackEnv: 'test' })).toContain('/shop_test');
    expect(await url({ fallbackEnv: 'test', env: 'development' })).toContain('/shop_dev');
    expect(await url({ fallbackEnv: 'test', variables: { BELLOWS_ENV: 'development' } })).toContain(
      '/shop_dev',
    );
    expect(await read(cwd, { fallbackEnv: 'demo' })).toMatchObject({
      environment: 'default',
      databaseUrl: 'postgres://u:p@localhost/shop',
    });
    const broken = await folderWith({ '.env.test': 'DATABASE_URL=nonsense', '.env': THREE['.env.test'] });
    expect(await problemsOf(broken, { fallbackEnv: 'test' })).toHaveLength(1);
  });

  it('called production need no file of their own: there the variables are real', async () => {
    const cwd = await folderWith({ '.env.development': '' });
    expect((await read(cwd, { env: 'production' })).production).toBe(true);
  });

  it.each<[string, string, boolean]>([
    ['prod', '{}', true],
    ['production', '{}', true],
    ['live', '{ live: { production: true } }', true],
    ['live', '{ live: {} }', false],
    ['production', '{ production: { production: false } }', false],
  ])('%s with %s is production: %s', async (env, environments, production) => {
    const cwd = await folderWith({
      'bellows.config.ts': `export default { environments: ${environments} };`,
    });
    const config = environments === '{}' ? await folderWith() : cwd;
    expect((await read(config, { env })).production).toBe(production);
  });

  it('in production write no schema file, whatever the configuration says', async () => {
    const cwd = await folderWith({ 'bellows.config.ts': 'export default { dumpSchema: true };' });
    expect((await read(cwd, { env: 'production' })).dumpSchema).toBe(false);
    expect((await read(cwd)).dumpSchema).toBe(true);
  });
});

describe('--env-file', () => {
  it('replaces .env and .env.<env>; the first file wins, and what is really set before it', async () => {
    const cwd = await folderWith({
      '.env': 'REDIS_URL=redis://dotenv\nDBMATE_STRICT=1',
      'db/a.env': 'DATABASE_URL=postgres://h/a',
      'db/b.env': 'DATABASE_URL=postgres://h/b\nDBMATE_MIGRATIONS_TABLE=ops.versions',
    });
    const envFiles = ['db/a.env', join(cwd, 'db/b.env')];
    expect(await read(cwd, { envFiles })).toMatchObject({
      databaseUrl: 'postgres://h/a',
      queueUrl: null,
      migrationsTable: 'ops.versions',
      strict: false,
    });
    const variables = { DATABASE_URL: 'postgres://h/real' };
    expect((await read(cwd, { envFiles, variables })).databaseUrl).toBe('postgres://h/real');
  });

  it('says which environment it is', async () => {
    const cwd = await folderWith({ 'live.env': 'BELLOWS_ENV=production' });
    expect((await read(cwd, { envFiles: ['live.env'] })).production).toBe(true);
  });

  it('refuses files that are not there, all of them', async () => {
    const cwd = await folderWith({ 'there.env': '' });
    expect(await problemsOf(cwd, { envFiles: ['there.env', 'gone.env', 'lost.env'] })).toEqual([
      '--env-file: gone.env cannot be read',
      '--env-file: lost.env cannot be read',
    ]);
  });
});

describe("dbmate's variables", () => {
  const from = async (variables: Record<string, string>): Promise<OfflineSettings> =>
    read(await folderWith(), { variables });

  it('are fall-backs', async () => {
    const variables = {
      DBMATE_MIGRATIONS_TABLE: 'versions',
      DBMATE_NO_DUMP_SCHEMA: '1',
      DBMATE_STRICT: 'TRUE',
      DBMATE_WAIT: 't',
      DBMATE_WAIT_TIMEOUT: '1m30s',
      DBMATE_WAIT_INTERVAL: '0.5s',
    };
    expect(await from(variables)).toMatchObject({
      migrationsTable: 'versions',
      dumpSchema: false,
      strict: true,
      wait: { always: true, timeoutMs: 90_000, intervalMs: 500 },
    });
    const cwd = await folderWith({
      'bellows.config.ts': `export default { migrationsTable: 'mine', dumpSchema: true, strict: false };`,
    });
    expect(await read(cwd, { variables })).toMatchObject({
      migrationsTable: 'mine',
      dumpSchema: true,
      strict: false,
    });
  });

  it('that cannot be understood are refused together', async () => {
    const variables = { DBMATE_STRICT: 'yes', DBMATE_WAIT_TIMEOUT: '60', DBMATE_MIGRATIONS_TABLE: 'a.b.c' };
    expect(await problemsOf(await folderWith(), { variables })).toEqual([
      'DBMATE_MIGRATIONS_TABLE: must be the name of a table, or schema.table',
      'DBMATE_STRICT: must be true or false',
      'DBMATE_WAIT_TIMEOUT: must be a duration such as "60s" or "1m30s"',
    ]);
  });

  it('leave the schema of the table to search_path', async () => {
    const DATABASE_URL = 'postgres://h/d?search_path=app,public';
    expect((await from({ DATABASE_URL })).migrationsTable).toBe('app.schema_migrations');
    expect((await from({ DATABASE_URL, DBMATE_MIGRATIONS_TABLE: 'x.y' })).migrationsTable).toBe('x.y');
  });
});

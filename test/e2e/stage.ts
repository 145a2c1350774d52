/** A project folder on a database, Bellows on it in this process, and how the tests look at the outcome. */
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterEach, expect } from 'vitest';
import { type Bellows, BellowsError, createBellows } from '#index';
import type { BellowsOptions } from '#main';
import { connect, type UsedDatabase, useDatabase } from '../support/database.js';

export type Overrides = NonNullable<BellowsOptions['overrides']>;

export interface Project {
  readonly bellows: Bellows;
  readonly client: pg.Client;
  readonly cwd: string;
  /** A phased migration by its id, a plain one by its file's name. */
  write(id: string, text: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface ProjectOptions {
  readonly overrides?: Overrides;
  /** Text of `bellows.config.ts`. */
  readonly config?: string;
  readonly env?: string;
}

export interface Projects {
  readonly database: UsedDatabase;
  open(files: Readonly<Record<string, string>>, options?: ProjectOptions): Promise<Project>;
}

/** For the top of a file: a database for each test, and projects on it that are closed after the test. */
export function useProjects(): Projects {
  const database = useDatabase();
  let opened: { readonly bellows: Bellows; readonly cwd: string }[] = [];
  afterEach(async () => {
    const now = opened;
    opened = [];
    for (const { bellows, cwd } of now) {
      await bellows.close();
      await rm(cwd, { recursive: true, force: true });
    }
  });
  const open: Projects['open'] = async (files, { overrides = {}, config, env } = {}) => {
    const cwd = await realpath(await mkdtemp(join(tmpdir(), 'bellows-e2e-')));
    await mkdir(join(cwd, 'migrations'));
    const path = (id: string) => join(cwd, 'migrations', id.endsWith('.sql') ? id : `${id}.ts`);
    for (const [id, text] of Object.entries(files)) await writeFile(path(id), text);
    if (config !== undefined) await writeFile(join(cwd, 'bellows.config.ts'), config);
    const bellows = await createBellows({
      cwd,
      overrides: { databaseUrl: database.url, ...overrides },
      ...(env === undefined ? {} : { env }),
      actor: 'test',
    });
    opened.push({ bellows, cwd });
    return {
      bellows,
      cwd,
      client: await connect(database.url),
      write: (id, text) => writeFile(path(id), text),
      remove: (id) => rm(path(id)),
    };
  };
  return { database, open };
}

/** A file of the project's own `migrations/`. */
export async function example(id: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../migrations/${id}.ts`, import.meta.url)), 'utf8');
}

const IMPORTS = `import { addCheck, addColumn, addForeignKey, addUnique, createIndex, createTable, defineMigration, dropColumn, dropTable, on, setNotNull, sql, statement } from 'pgbellows';\n`;

/** A migration file around the object of `defineMigration`. */
export const migration = (body: string): string => `${IMPORTS}export default defineMigration(${body});\n`;

/** `table.to` comes to hold upper(`table.from`), both ways; `extra` is put into the definition. */
export function twoWays(table: string, from: string, to: string, contract = '', extra = ''): string {
  return migration(`{
    description: 'Two shapes of a column',
    table: ${JSON.stringify(table)},
    expand: [addColumn(${JSON.stringify(to)}, 'text')],
    backfill: {
      set: { [${JSON.stringify(to)}]: sql\`upper(\${sql.id(${JSON.stringify(from)})})\` },
      reverse: { [${JSON.stringify(from)}]: sql\`lower(\${sql.id(${JSON.stringify(to)})})\` },
    },
    contract: [${contract}],
    ${extra}
  }`);
}

/** Waits for the rejection and returns it; each error of ours says what, and what to do next. */
export async function refusal(work: Promise<unknown>): Promise<BellowsError> {
  const error: unknown = await work.then(
    (value) => expect.fail(`it was not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BellowsError)) throw error;
  expect(error.text.what).not.toBe('');
  expect(error.text.next, `next of ${error.code}`).toBeTruthy();
  return error;
}

export async function values<T>(client: pg.Client, text: string): Promise<readonly T[]> {
  const { rows } = await client.query<{ value: T }>(text);
  return rows.map((row) => row.value);
}

export const columnsOf = (client: pg.Client, table: string): Promise<readonly string[]> =>
  values<string>(
    client,
    `select format('%s %s%s', attname, format_type(atttypid, atttypmod), case when attnotnull then ' not null' else '' end) as value
     from pg_attribute
     where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped
     order by attnum`,
  );

/** The whole shape of schema public, and the functions of schema bellows: equal before and after what changes nothing. */
export async function shapeOf(client: pg.Client): Promise<readonly string[]> {
  return values<string>(
    client,
    `select format('%s.%s %s', c.relname, a.attname, format_type(atttypid, atttypmod)) as value
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped
     union all
     select format('%s on %s', tgname, tgrelid::regclass) from pg_trigger where not tgisinternal and tgname <> 'history_append_only'
     union all
     select pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
     union all
     select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('public', 'bellows') and proname not in ('refuse_change', 'demand_plain_lease', 'plain_applied')
     order by 1`,
  );
}

export async function stateOf({ bellows }: Project, id: string): Promise<string | undefined> {
  return (await bellows.status()).migrations.find((m) => m.id === id)?.state;
}

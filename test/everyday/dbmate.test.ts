/** The same project through dbmate (its npm package) and through Bellows; and one that began with dbmate and goes on with Bellows. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { spawnBellows } from './bellows-process.js';

const run = promisify(execFile);
const DBMATE = fileURLToPath(new URL('../../node_modules/dbmate/dist/cli.js', import.meta.url));

let cwd = '';
let databases: TestDatabase[] = [];

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'bellows-dbmate-')));
  await mkdir(join(cwd, 'db/migrations'), { recursive: true });
  databases = [await createDatabase(), await createDatabase()];
});
afterEach(async () => {
  for (const database of databases) await database.drop();
  await rm(cwd, { recursive: true, force: true });
});

const url = (index: number) => `${databases[index]?.url ?? ''}?sslmode=disable`;
const write = (name: string, text: string) => writeFile(join(cwd, 'db/migrations', name), text);
const dbmate = (index: number, ...args: readonly string[]) =>
  run(process.execPath, [DBMATE, ...args], {
    cwd,
    env: { ...process.env, DATABASE_URL: url(index), DBMATE_NO_DUMP_SCHEMA: 'true' },
  });

async function bellows(index: number, ...args: readonly string[]) {
  const child = spawnBellows(args, { cwd, url: url(index), env: { DBMATE_NO_DUMP_SCHEMA: 'true' } });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** By SQL of its own: every column, index, constraint, trigger, function and comment of schema public. */
const SHAPE = `
select format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
  (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)) as line
from pg_attribute a join pg_class c on c.oid = attrelid
where relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped and relkind in ('r', 'v', 'm')
union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
union all select format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = tgrelid where not tgisinternal and relnamespace = 'public'::regnamespace
union all select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
union all select format('comment %s %s', objsubid, description) from pg_description where classoid = 'pg_class'::regclass and objoid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
union all select 'type ' || typname || ' ' || coalesce((select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = pg_type.oid), '') from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
order by 1`;

async function shape(index: number): Promise<readonly string[]> {
  const client = await connect(databases[index]?.url ?? '');
  return (await client.query<{ line: string }>(SHAPE)).rows.map(({ line }) => line);
}
async function versions(index: number): Promise<readonly string[]> {
  const client = await connect(databases[index]?.url ?? '');
  const { rows } = await client.query<{ version: string }>(
    'select version from public.schema_migrations order by 1',
  );
  return rows.map(({ version }) => version);
}

const FILES: Readonly<Record<string, string>> = {
  '20240101120000_users.sql': `-- users, with everything that a first migration has
-- migrate:up
create type role as enum ('admin', 'user');
create table users (id bigserial primary key, email varchar(255) not null unique, role role not null default 'user', updated_at timestamptz not null default now());
create index users_email on users (email) where email <> '';
comment on table users is 'People; ''quoted''';
create or replace function touch() returns trigger as $$
begin
  new.updated_at = now();
  return new;
end;
$$ language plpgsql;
create trigger users_touch before update on users for each row execute function touch();

-- migrate:down
drop table users; drop function touch(); drop type role;
`,
  '20240102120000_orders.sql': `-- migrate:up
create table orders (id bigint generated always as identity primary key, user_id bigint references users (id), total numeric(10, 2) check (total >= 0));
create view big_orders as select * from orders where total > 100;

-- migrate:down
drop view big_orders; drop table orders;
`,
  '20240103120000_index.sql': `-- migrate:up transaction:false
create index concurrently orders_user on orders (user_id);

-- migrate:down transaction:false
drop index concurrently orders_user;
`,
  '20240104120000 with a space!.sql': `--migrate:up
alter table users add column nick text;
-- migrate:down
alter table users drop column nick;
`,
};

it('makes the same schema and the same schema_migrations', async () => {
  for (const [name, text] of Object.entries(FILES)) await write(name, text);
  await dbmate(0, 'migrate');
  expect(await bellows(1, 'up')).toMatchObject({ code: 0 });
  expect(await shape(1)).toEqual(await shape(0));
  expect(await versions(1)).toEqual(await versions(0));
  expect(await versions(1)).toHaveLength(4);
});

it('rolls back what dbmate applied, and dbmate what Bellows applied', async () => {
  for (const [name, text] of Object.entries(FILES)) await write(name, text);
  await dbmate(0, 'migrate');
  expect(await bellows(0, 'rollback', '--yes')).toMatchObject({ code: 0 });
  await bellows(1, 'up');
  await dbmate(1, 'rollback');
  expect(await shape(1)).toEqual(await shape(0));
  expect([await versions(0), await versions(1)].map((v) => v.length)).toEqual([3, 3]);
  // What dbmate took back is pending again, and runs again.
  expect(await bellows(1, 'status', '--quiet')).toMatchObject({ code: 1 });
  expect(await bellows(1, 'up')).toMatchObject({ code: 0 });
  expect(await versions(1)).toHaveLength(4);
}, 60_000);

it('goes on with a project that dbmate began, unchanged; and dbmate still understands it', async () => {
  const [first = '', second = ''] = Object.keys(FILES);
  await write(first, FILES[first] ?? '');
  await write(second, FILES[second] ?? '');
  await dbmate(0, 'migrate');
  await write('20240105120000_forward_only.sql', 'alter table orders add column note text;\n');
  await write(
    '20240106120000_label.ts',
    `import { addColumn, defineMigration } from 'pgbellows';
export default defineMigration({ description: 'A label', table: 'orders', expand: [addColumn('label', 'text')] });
`,
  );
  const status = await bellows(0, 'status');
  expect(status.stdout).toContain(`[X] ${first.replace(/\.sql$/, '')}`);
  expect(status.stdout).toContain('[ ] 20240105120000_forward_only');
  expect(await bellows(0, 'up')).toMatchObject({ code: 0 });
  expect(await versions(0)).toEqual(['20240101120000', '20240102120000', '20240105120000', '20240106120000']);
  const { stdout } = await dbmate(0, 'status');
  expect(stdout).toContain(`[X] ${first}`);
  expect(stdout).toContain('Pending: 0');
  await expect(readFile(join(cwd, 'db/schema.sql'))).rejects.toThrow();
}, 60_000);

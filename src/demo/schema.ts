/** The tables as they are before the migrations, loaded with rows that can be told from their ids. */
import type { Client } from 'pg';

const GIVEN = [
  'Ada',
  'Grace',
  'Alan',
  'Edsger',
  'Barbara',
  'Donald',
  'Radia',
  'Leslie',
  'Frances',
  'Niklaus',
];
const FAMILY = [
  'Lovelace',
  'Hopper',
  'Turing',
  'Dijkstra',
  'Liskov',
  'Knuth',
  'Perlman',
  'Allen',
  'van der Berg',
];

const array = (words: readonly string[]) => `array[${words.map((word) => `'${word}'`).join(', ')}]`;

/** The name that a user was loaded with; some have one name only, and some family names have blanks. */
export function loadedName(id: string): string {
  const given = `(${array(GIVEN)})[1 + (${id}) % ${GIVEN.length}]`;
  const family = `(${array(FAMILY)})[1 + (${id}) / ${GIVEN.length} % ${FAMILY.length}]`;
  return `case when (${id}) % 97 = 0 then ${given} else ${given} || ' ' || ${family} end`;
}

export const LOADED_STATUSES = ['pending', 'paid', 'shipped', 'returned'] as const;

export function loadedStatus(id: string): string {
  return `(${array(LOADED_STATUSES)})[1 + (${id}) % ${LOADED_STATUSES.length}]`;
}

/** Nothing but the application may move a user's `updated_at` away from it. */
export const LOADED_AT = `timestamptz '2024-01-01 00:00:00+00'`;

/** Tables first and keys later: a key that is built at once is several times cheaper than one that grows with the rows. */
const TABLES = `
  create table users (
    id bigserial not null,
    email varchar(255) not null,
    username varchar(100) not null,
    full_name varchar(255) not null,
    role_id bigint,
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
  );
  create table orders (
    id bigserial not null,
    user_id bigint not null,
    old_status varchar(20) not null default 'pending',
    total numeric(12, 2) not null,
    created_at timestamptz not null default current_timestamp
  )`;

/** The application's own journal: each write notes here, in its own statement, what it wrote. */
const JOURNAL = `
  create table user_writes (
    id bigint generated always as identity,
    user_id bigint not null,
    full_name text,
    first_name text,
    last_name text
  );
  create table order_writes (
    id bigint generated always as identity,
    order_id bigint not null,
    old_status text,
    status text
  )`;

const USERS = `
  insert into users (email, username, full_name, role_id, created_at, updated_at)
  select 'user' || i || '@example.com', 'user' || i, ${loadedName('i')},
    nullif(i % 3, 0), ${LOADED_AT}, ${LOADED_AT}
  from generate_series(1, $1::integer) i`;

const ORDERS = `
  insert into orders (user_id, old_status, total, created_at)
  select 1 + (i * 7919::bigint) % $2::integer, ${loadedStatus('i')}, (i % 50000) / 100.0, ${LOADED_AT}
  from generate_series(1, $1::integer) i`;

const KEYS = [
  'alter table users add primary key (id)',
  'alter table users add unique (email)',
  'create index idx_users_created_at on users (created_at)',
  'alter table orders add primary key (id)',
  'create index idx_orders_user_id on orders (user_id)',
  'alter table orders add foreign key (user_id) references users (id)',
];

const UPDATED_AT = `
  create function update_updated_at_column() returns trigger language plpgsql as $$
  begin
    new.updated_at = current_timestamp;
    return new;
  end $$;
  create trigger update_users_updated_at
    before update on users
    for each row execute function update_updated_at_column()`;

export interface Loaded {
  readonly users: number;
  readonly orders: number;
}

/** Makes both tables as a database has them that is in use: with keys and statistics, and nothing left to be written. */
export async function loadTables(client: Client, { users, orders }: Loaded): Promise<void> {
  // Only loading may lose its last instants in a crash; from then on the server is as it came.
  await client.query('set synchronous_commit = off');
  await client.query(`set maintenance_work_mem = '256MB'`);
  await client.query(TABLES);
  await client.query(USERS, [users]);
  await client.query(ORDERS, [orders, users]);
  for (const statement of KEYS) await client.query(statement);
  await client.query(UPDATED_AT);
  await client.query(JOURNAL);
  await client.query('vacuum (analyze) users, orders');
  // Else the loading's own checkpoint would run while the application is measured before the migrations.
  await client.query('checkpoint');
}

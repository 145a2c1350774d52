/**
 * A backfill in reshape's shape, written from a description of it: no flag says which rows are left; a loop reads the next
 * 1,000 keys without locking them, assigns the new column to itself, and a row trigger, which has a variable for every column
 * and asks a function whether the session is an old one, does the work.
 */
import type { Client } from 'pg';
import { FIRST_NAME, LAST_NAME } from '../project.js';
import type { Shape } from './shape.js';
import { walkByKey } from './walk-by-key.js';

const BATCH_ROWS = 1_000;
const COLUMNS = ['id', 'email', 'full_name', 'is_active', 'about', 'created_at', 'first_name', 'last_name'];

const IS_OLD = `
create function is_old_schema()
returns boolean
language plpgsql
as $$
begin
  return current_setting('search_path') <> 'migration_02_names'
    and coalesce(current_setting('reshape.is_new_schema', true), '') <> 'yes';
end
$$`;

const FUNCTION = `
create function reshape_names()
returns trigger
language plpgsql
as $$
declare
  ${COLUMNS.map((name) => `${name} users.${name}%type := new.${name};`).join('\n  ')}
begin
  if is_old_schema() then
    new.first_name := ${FIRST_NAME};
    new.last_name := ${LAST_NAME};
  end if;
  return new;
end
$$`;

export async function addReshapeShape(client: Client): Promise<void> {
  await client.query(IS_OLD);
  await client.query(FUNCTION);
  await client.query(
    'create trigger reshape_names before insert or update on users for each row execute function reshape_names()',
  );
}

export function reshapeShape(client: Client): Shape {
  return {
    name: "reshape's shape",
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
      await client.query('alter table users enable trigger reshape_names');
    },
    move: (slice) => walkByKey(client, slice, batch),
  };
}

function batch(cursor: string, lastId: string): string {
  return `
with batch as (
  select id
  from users
  where id > ${BigInt(cursor)}
    and id <= ${BigInt(lastId)}
  order by id
  limit ${BATCH_ROWS}
),
moved as (
  update users
  set first_name = users.first_name
  from batch
  where users.id = batch.id
  returning users.id
)
select max(id) as last, count(*)::integer as moved
from moved`;
}

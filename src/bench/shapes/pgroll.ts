/**
 * A backfill in pgroll's shape, written from a description of it: a flag says which rows are left, a loop picks 1,000 of
 * them by key with FOR NO KEY UPDATE and assigns the key to itself, and a row trigger, which has a variable for every column
 * and looks at the search path, does the work. Its trigger for the other direction, which does nothing here, is left out.
 */
import type { Client } from 'pg';
import { FIRST_NAME, LAST_NAME } from '../project.js';
import type { Shape } from './shape.js';
import { walkByKey } from './walk-by-key.js';

const BATCH_ROWS = 1_000;
const COLUMNS = ['id', 'email', 'full_name', 'is_active', 'about', 'created_at', 'first_name', 'last_name'];

const FUNCTION = `
create function fill_names()
returns trigger
language plpgsql
as $$
declare
  ${COLUMNS.map((name) => `${name} users.${name}%type := new.${name};`).join('\n  ')}
  latest_schema text := 'public_02_names';
  search_path text;
begin
  select current_setting
  into search_path
  from current_setting('search_path');
  if search_path <> latest_schema then
    new.first_name := ${FIRST_NAME};
    new.last_name := ${LAST_NAME};
    new.needs_backfill := false;
  end if;
  return new;
end
$$`;

export async function addPgrollShape(client: Client): Promise<void> {
  await client.query('alter table users add column needs_backfill boolean default true');
  await client.query(FUNCTION);
  await client.query(
    'create trigger fill_names before insert or update on users for each row execute function fill_names()',
  );
}

export function pgrollShape(client: Client): Shape {
  return {
    name: "pgroll's shape",
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
      await client.query('alter table users enable trigger fill_names');
    },
    move: (slice) => walkByKey(client, slice, batch),
  };
}

function batch(cursor: string, lastId: string): string {
  return `
with batch as (
  select id
  from users
  where needs_backfill
    and id > ${BigInt(cursor)}
    and id <= ${BigInt(lastId)}
  order by id
  limit ${BATCH_ROWS}
  for no key update
),
moved as (
  update users
  set id = users.id
  from batch
  where users.id = batch.id
  returning users.id
)
select max(id) as last, count(*)::integer as moved
from moved`;
}

/** Whether every row holds what its last writer wrote: the application's journal against the tables. */
import type { Client } from 'pg';
import { LOADED_AT, loadedName, loadedStatus } from './schema.js';

export interface DataCheck {
  readonly rows: number;
  /** Rows that the deploys wrote to; the others must be as they were loaded. */
  readonly written: number;
  /** Rows with another value than their last writer's, or whose two shapes disagree. */
  readonly wrong: number;
  /** Rows that were written and are not there. */
  readonly missing: number;
  /** Rows whose `updated_at` moved although no deploy touched them. */
  readonly disturbed: number;
}

interface Shapes {
  /** Before contract both shapes are compared, after it the new one alone. */
  readonly old: boolean;
}

/** One statement for each table, hence one snapshot: a write and its note in the journal are both in it or neither. */
export async function checkData(client: Client, shapes: Shapes): Promise<DataCheck> {
  const users = await count(client, usersSql(shapes));
  const orders = await count(client, ordersSql(shapes));
  return {
    rows: users.rows + orders.rows,
    written: users.written + orders.written,
    wrong: users.wrong + orders.wrong,
    missing: users.missing + orders.missing,
    disturbed: users.disturbed + orders.disturbed,
  };
}

export function isRight({ wrong, missing, disturbed }: DataCheck): boolean {
  return wrong + missing + disturbed === 0;
}

async function count(client: Client, text: string): Promise<DataCheck> {
  const { rows } = await client.query<DataCheck>(text);
  const [found] = rows;
  if (found === undefined) throw new TypeError('a count gives one row');
  return found;
}

/** Keeps the planner from writing the expression out at each of its uses, which then computes it as often. */
const ONCE = 'offset 0';

/** Ids above those that were loaded have no loaded value: a new row that is not in the journal is wrong as well. */
function usersSql({ old }: Shapes): string {
  const oldShape = old ? 'u.full_name is distinct from e.full_name or' : '';
  return `
    with last as (
      select distinct on (user_id) user_id, full_name, first_name, last_name
      from user_writes
      where full_name is not null or first_name is not null
      order by user_id, id desc
    ),
    touched as (select distinct user_id from user_writes)
    select count(*)::integer as rows,
      count(last.user_id)::integer as written,
      (count(*) filter (where ${oldShape}
        u.first_name is distinct from coalesce(last.first_name, split_part(e.full_name, ' ', 1))
        or u.last_name is distinct from coalesce(
          last.last_name, substr(e.full_name, length(split_part(e.full_name, ' ', 1)) + 2)
        )))::integer as wrong,
      (select count(*) from touched where not exists (
        select from users where users.id = touched.user_id
      ))::integer as missing,
      (count(*) filter (where touched.user_id is null and u.updated_at <> ${LOADED_AT}))::integer as disturbed
    from users u
    left join last on last.user_id = u.id
    left join touched on touched.user_id = u.id
    cross join lateral (
      select coalesce(
        last.full_name,
        last.first_name || coalesce(' ' || nullif(last.last_name, ''), ''),
        ${loadedName('u.id')}
      ) as full_name
      ${ONCE}
    ) e`;
}

function ordersSql({ old }: Shapes): string {
  const oldShape = old ? 'o.old_status is distinct from e.status or' : '';
  return `
    with last as (
      select distinct on (order_id) order_id, coalesce(status, old_status) as status
      from order_writes
      order by order_id, id desc
    )
    select count(*)::integer as rows,
      count(last.order_id)::integer as written,
      (count(*) filter (where ${oldShape} o.status is distinct from e.status))::integer as wrong,
      (select count(*) from last where not exists (
        select from orders where orders.id = last.order_id
      ))::integer as missing,
      0 as disturbed
    from orders o
    left join last on last.order_id = o.id
    cross join lateral (select coalesce(last.status, ${loadedStatus('o.id')}) as status ${ONCE}) e`;
}

/** Version 1 knows `full_name` and `old_status`, and will never know more. */
import { type Request, UNCHANGED } from './deploy.js';

export const v1: readonly Request[] = [
  ...UNCHANGED,
  {
    name: 'read user',
    weight: 35,
    sql: 'select id, full_name from users where id = $1',
    values: (pick) => [pick.user()],
    rows: 'one',
  },
  {
    name: 'list orders',
    weight: 30,
    sql: 'select id, old_status, total from orders where user_id = $1 order by id desc limit 10',
    values: (pick) => [pick.user()],
    rows: 'any',
  },
  {
    name: 'rename user',
    weight: 6,
    sql: `
      with written as (update users set full_name = $2::text where id = $1 returning id)
      insert into user_writes (user_id, full_name)
      select id, $2::text from written`,
    values: (pick) => [pick.user(), `${pick.word()} ${pick.word()}`],
    rows: 'one',
  },
  {
    name: 'move order',
    weight: 6,
    sql: `
      with written as (update orders set old_status = $2::text where id = $1 returning id)
      insert into order_writes (order_id, old_status)
      select id, $2::text from written`,
    values: (pick) => [pick.order(), pick.status()],
    rows: 'one',
  },
  {
    name: 'add user',
    weight: 2,
    sql: `
      with written as (insert into users (email, username, full_name) values ($1, $1, $2::text) returning id)
      insert into user_writes (user_id, full_name)
      select id, $2::text from written`,
    values: (pick) => [pick.unique(), pick.word()],
    rows: 'one',
  },
  {
    // Leaves the status to the column's default.
    name: 'add order',
    weight: 3,
    sql: `
      with written as (insert into orders (user_id, total) values ($1, 9.99) returning id)
      insert into order_writes (order_id, old_status)
      select id, 'pending' from written`,
    values: (pick) => [pick.user()],
    rows: 'one',
  },
];

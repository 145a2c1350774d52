import { expect, it } from 'vitest';
import { connect } from '../support/database.js';
import { columnsOf, example, refusal, useProjects, values } from './stage.js';

const TABLES = `
  create table users (
    id bigserial primary key,
    email varchar(255) not null unique,
    username varchar(100) not null,
    full_name varchar(255) not null,
    role_id bigint,
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
  );
  create table orders (
    id bigserial primary key,
    user_id bigint not null references users (id),
    old_status varchar(20) not null default 'pending',
    total numeric(12, 2) not null,
    created_at timestamptz not null default current_timestamp
  );
  insert into users (email, username, full_name, role_id, updated_at)
  select 'u' || i || '@example.org', 'u' || i, 'First' || i || ' Last' || i, case when i % 3 = 0 then 1 end, '2020-01-01'
  from generate_series(1, 3000) i;
  insert into orders (user_id, old_status, total)
  select i, (array['pending', 'paid', 'shipped'])[i % 3 + 1], i from generate_series(1, 3000) i;
  analyze users, orders`;
const [SPLIT, RENAME, ROLES, LOCALE, ACCESS] = [
  '20240102150000_split_user_name',
  '20240201100000_rename_order_status',
  '20240201150000_backfill_user_roles',
  '20240203100000_require_user_locale',
  '20240205100000_move_user_access',
] as const;
/** Rows of either side that the other does not have, or has otherwise. */
const OTHER_ACCESS = `
  select count(*)::integer as value
  from users u
  full join user_access a on a.user_id = u.id
  where u.id is null or a.user_id is null or (u.role_id, u.is_active) is distinct from (a.role_id, a.is_active)`;

const projects = useProjects();
const files = async () =>
  Object.fromEntries(
    await Promise.all(
      [SPLIT, RENAME, ROLES, LOCALE, ACCESS].map(async (id) => [id, await example(id)] as const),
    ),
  );

it('the examples go to their gates, and contract when they may', { timeout: 120_000 }, async () => {
  const { bellows, client } = await projects.open(await files());
  await client.query(TABLES);
  const first = await bellows.up();
  expect(first.reached).toBe(true);
  expect(first.migrations.map((m) => [m.id, m.state])).toEqual([
    [SPLIT, 'gated'],
    [RENAME, 'gated'],
    // Nothing is dropped by it, so nobody is asked.
    [ROLES, 'done'],
    [LOCALE, 'gated'],
    [ACCESS, 'gated'],
  ]);
  const gate = await bellows.gate(SPLIT);
  expect(gate.open).toBe(false);
  expect(
    gate.checks.filter((c) => c.verdict === 'fail' || c.verdict === 'unknown').map((c) => c.check),
  ).toEqual(['deployed', 'approval']);
  expect((await refusal(bellows.contract(SPLIT))).code).toBe('BELLOWS_GATE_SHUT');

  await bellows.deploys.record('app', '5');
  for (const id of [SPLIT, RENAME, LOCALE, ACCESS]) {
    // The contract before has changed the table: what was verified before that is verified again.
    await bellows.up();
    const report = await bellows.approve(id, { reason: 'looked at' });
    expect(report.checks.filter((c) => !['pass', 'n/a'].includes(c.verdict))).toEqual([]);
    expect((await bellows.contract(id)).state).toBe('done');
  }
  // Two of the runs add columns to it at the same time.
  expect([...(await columnsOf(client, 'users'))].sort()).toEqual([
    'created_at timestamp with time zone not null',
    'email character varying(255) not null',
    'first_name character varying(100) not null',
    'id bigint not null',
    'last_name character varying(100) not null',
    'locale character varying(10) not null',
    'updated_at timestamp with time zone not null',
    'username character varying(100) not null',
  ]);
  expect(await columnsOf(client, 'orders')).toEqual([
    'id bigint not null',
    'user_id bigint not null',
    'total numeric(12,2) not null',
    'created_at timestamp with time zone not null',
    'status character varying(20) not null',
  ]);
  expect(
    await values(
      client,
      `select count(*)::integer as value from users
      where first_name = 'First' || id and last_name = 'Last' || id and locale = 'en'
        and updated_at = '2020-01-01'`,
    ),
  ).toEqual([3000]);
  expect(
    await values(
      client,
      `select count(*)::integer as value from user_access
      where role_id = case when user_id % 3 = 0 then 1 else 2 end and is_active`,
    ),
  ).toEqual([3000]);
  expect(
    await values(
      client,
      `select count(*)::integer as value from orders where status = (array['pending', 'paid', 'shipped'])[id % 3 + 1]`,
    ),
  ).toEqual([3000]);
  expect(
    await values(
      client,
      `select indexrelid::regclass::text || ' ' || indisvalid as value from pg_index
      where indexrelid::regclass::text ~ '^idx_users' order by 1`,
    ),
  ).toEqual(['idx_users_first_name true', 'idx_users_last_name true']);
  await bellows.assertUpToDate();
});

it('where only data checks gate, one `up` reaches the final schema, and the next has nothing to do', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open(await files(), {
    config: `export default { environments: { ci: { gate: 'data-only' } } };`,
    env: 'ci',
  });
  await client.query(TABLES);
  const { reached, migrations } = await bellows.up();
  expect([reached, ...migrations.map((m) => m.state)]).toEqual([
    true,
    'done',
    'done',
    'done',
    'done',
    'done',
  ]);
  expect((await columnsOf(client, 'users')).join()).not.toContain('full_name');
  const again = await bellows.up();
  expect(again.reached).toBe(true);
  expect(again.seconds).toBeLessThan(2);
});

it('a deploy that says another version over its sessions keeps the gate shut', {
  timeout: 30_000,
}, async () => {
  const { bellows, client } = await projects.open({ [SPLIT]: await example(SPLIT) });
  await client.query(TABLES);
  await bellows.up();
  await bellows.deploys.record('app', '3');
  await bellows.approve(SPLIT, { reason: 'too early' });
  await client.query(`set application_name = 'app/2'`);
  const shut = await refusal(bellows.contract(SPLIT));
  expect([shut.code, shut.text.why]).toEqual([
    'BELLOWS_GATE_SHUT',
    expect.stringContaining('1 session of app/2'),
  ]);
  await client.query(`set application_name = 'app/3'`);
  expect((await bellows.contract(SPLIT)).state).toBe('done');
});

it('what deploys write to the columns is in the table that they become, before they are gone and after', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open({ [ACCESS]: await example(ACCESS) });
  await client.query(TABLES);
  await client.query('alter table orders drop constraint orders_user_id_fkey');
  let going = true;
  const writing = (async () => {
    const writer = await connect(projects.database.url);
    for (let id = 1; going; id = (id % 3000) + 1) {
      await writer.query('update users set is_active = not is_active, role_id = $1 where id = $1', [id]);
      await writer.query(`delete from users where id = $1 and $1 % 10 = 0`, [id]);
      await writer.query(`insert into users (email, username, full_name) values ($1, 'new', 'New')`, [
        `new${Math.random()}@example.org`,
      ]);
    }
  })();
  expect((await bellows.up()).migrations.map((m) => m.state)).toEqual(['gated']);
  going = false;
  await writing;
  expect(await values(client, OTHER_ACCESS)).toEqual([0]);
  expect(await values(client, `select count(*) > 10 as value from users where username = 'new'`)).toEqual([
    true,
  ]);

  // The first deploy that writes the table alone.
  await bellows.deploys.record('app', '5');
  const [id] = await values<string>(
    client,
    `insert into users (email, username, full_name) values ('v5', 'v5', 'V5') returning id as value`,
  );
  const upsert = `insert into user_access values ($1, 7, false)
    on conflict (user_id) do update set role_id = excluded.role_id, is_active = excluded.is_active`;
  await client.query(upsert, [id]);
  const kept = await values(client, 'select count(*)::integer as value from user_access');
  await bellows.approve(ACCESS, { reason: 'looked at' });
  expect((await bellows.contract(ACCESS)).state).toBe('done');
  expect((await columnsOf(client, 'users')).join()).not.toMatch(/role_id|is_active/);
  expect(await values(client, 'select count(*)::integer as value from user_access')).toEqual(kept);
  const mine = `select role_id || ' ' || is_active as value from user_access where user_id = ${id}`;
  expect(await values(client, mine)).toEqual(['7 false']);
  await client.query('delete from users where id = $1', [id]);
  expect(await values(client, mine)).toEqual([]);
});

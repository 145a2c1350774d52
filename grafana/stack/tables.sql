-- The tables that the examples of migrations/ change. `set stack.rows` before it makes more or fewer.
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

insert into users (email, username, full_name, role_id)
select 'user' || n || '@example.org',
  'user' || n,
  (array['Ada Lovelace', 'Grace Brewster Hopper', 'Plato'])[1 + n % 3],
  case when n % 3 = 0 then 1 end
from generate_series(1, coalesce(nullif(current_setting('stack.rows', true), ''), '500000')::integer) as n;

insert into orders (user_id, old_status, total)
select id, (array['pending', 'paid', 'shipped'])[1 + id % 3], id % 500
from users;

analyze users, orders;

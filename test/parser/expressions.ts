/** Expressions over the table users, each with the columns of the row that it reads, in order. */
export const EXPRESSIONS: readonly (readonly [sql: string, columns: readonly string[]])[] = [
  // What migrations say.
  [`split_part(full_name, ' ', 1)`, ['full_name']],
  [`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`, ['full_name']],
  [`concat_ws(' ', first_name, nullif(last_name, ''))`, ['first_name', 'last_name']],
  [`coalesce(first_name, last_name, 'nobody')`, ['first_name', 'last_name']],
  [`case when n > 10 then 'many' when n is null then null else upper(full_name) end`, ['n', 'full_name']],
  [`case n when 1 then m else -m end`, ['n', 'm']],
  [`n::text || ':' || m::varchar(10)`, ['n', 'm']],
  [`cast(n as pg_catalog.int8) + m::bigint`, ['n', 'm']],
  [`data ->> 'email'`, ['data']],
  [`(data #>> '{a,b}')::numeric(10, 2)`, ['data']],
  [`data @> '{"a": 1}' and data ? 'a'`, ['data']],
  [`array_length(string_to_array(full_name, ' '), 1)`, ['full_name']],
  // Syntax of its own.
  [`extract(epoch from created_at)`, ['created_at']],
  [`created_at at time zone 'utc'`, ['created_at']],
  [`substring(full_name from 1 for 2)`, ['full_name']],
  [`position('a' in full_name)`, ['full_name']],
  [`trim(both from full_name)`, ['full_name']],
  [
    `trim(leading 'x' from first_name) || overlay(last_name placing 'x' from 1 for 1)`,
    ['first_name', 'last_name'],
  ],
  [`created_at + interval '1 day' * n`, ['created_at', 'n']],
  [`created_at + interval '90' second(0)`, ['created_at']],
  [`date '2024-01-01' < created_at`, ['created_at']],
  [`full_name collate "C" < last_name`, ['full_name', 'last_name']],
  [`row(n, m) = row(m, n)`, ['n', 'm']],
  [`(n, m) < (m, n)`, ['n', 'm']],
  [`n between m and 10 or n not between symmetric 1 and m`, ['n', 'm']],
  [`n in (1, 2, m) and n <> all (array[m, 3])`, ['n', 'm']],
  [`full_name like 'a%' or full_name not ilike '%b' or full_name similar to 'c+'`, ['full_name']],
  [`n is distinct from m`, ['n', 'm']],
  [`n is not null and not (m is null)`, ['n', 'm']],
  [`array[n, m]`, ['n', 'm']],
  [`tags[1] || tags[n:m][1]`, ['tags', 'n', 'm']],
  [`(address).street`, ['address']],
  [`(users.address).street`, ['address']],
  [`users.tags[1]`, ['tags']],
  [`n operator(pg_catalog.+) m`, ['n', 'm']],
  [`-n`, ['n']],
  [`- - n`, ['n']],
  [`greatest(n, m) - least(n, m, 0)`, ['n', 'm']],
  [`make_interval(days => n, hours => m)`, ['n', 'm']],
  [`concat(variadic tags)`, ['tags']],
  [`current_user || full_name`, ['full_name']],
  [`current_timestamp(3) - created_at`, ['created_at']],
  [`xmlelement(name n, xmlattributes(m as a), full_name)::text`, ['m', 'full_name']],
  [`json_build_object('n', n)::jsonb`, ['n']],
  [`full_name is json object`, ['full_name']],
  [`(now()) is not null`, []],
  [`42`, []],
  [`null`, []],
  // Other alphabets, and characters of every length, before the column.
  [`'é' || full_name`, ['full_name']],
  [`'日本' || full_name || '😀' || last_name`, ['full_name', 'last_name']],
  [`/* 😀 */ n /* é */ + m`, ['n', 'm']],
  [`größe || full_name`, ['größe', 'full_name']],
  // Names.
  [`"Full Name" || full_name`, ['Full Name', 'full_name']],
  [`"a ""b"" c" || users."Full Name"`, ['a "b" c', 'Full Name']],
  [`FULL_Name || Users.LAST_name`, ['full_name', 'last_name']],
  [`users . n + "users"."m"`, ['n', 'm']],
  [`users /* the table */ . /* the column */ n`, ['n']],
  [`name || value::text || "type"`, ['name', 'value', 'type']],
  [`"select" || "Full Name"`, ['select', 'Full Name']],
  [`not"flag"and"flag"or"flag"`, ['flag']],
  [`case"n"when"m"then"n"else"m"end`, ['n', 'm']],
  [`n+m-n*-m`, ['n', 'm']],
  // Literals that look like something else.
  [`'full_name' || full_name || E'\\'full_name' || $$full_name$$ || $q$ '$q$`, ['full_name']],
  [`full_name || 'a'\n'b' -- n`, ['full_name']],
  [`full_name -- ' n\n || last_name /* m /* nested */ */ || 'x'`, ['full_name', 'last_name']],
  [`U&'\\0061' || full_name || x'1f'::text || b'01'::text`, ['full_name']],
  [`full_name || 'ctl \u0001 char' || last_name`, ['full_name', 'last_name']],
  // Subqueries: a bare name is theirs, the table's name says the row.
  [`exists (select from orders where user_id = users.n)`, ['n']],
  [`(select max(total) from orders where orders.user_id = users.n) + m`, ['n', 'm']],
  [`n in (select user_id from orders)`, ['n']],
  [`(select count(*) from users u where u.n = users.n)`, ['n']],
  [`(select count(*) from users)`, []],
  [`(select row_number() over (order by total) from orders o where o.user_id = users.m limit 1)`, ['m']],
  [`array(select o.total from orders o, lateral (select users.n as x) s where s.x = o.user_id)`, ['n']],
  [`(with w as (select 1 as a union all select users.n) select sum(a) from w)`, ['n']],
  [`(select string_agg(t, ',') from unnest(users.tags) as t)`, ['tags']],
  [`n = any (select total from orders) or (n, m) in (select user_id, total from orders)`, ['n', 'm']],
];

/** The table that the expressions are over, and the one that their subqueries read. */
export const SCHEMA = `
  create type address as (street text, zip text);
  create table users (
    full_name text, first_name text, last_name text, n int, m int, data jsonb, tags text[], created_at timestamptz,
    address address, "größe" text, "Full Name" text, "a ""b"" c" text, name text, value int, "type" text,
    "select" text, flag bool);
  create table orders (user_id int, total int);
  insert into orders values (1, 10), (2, 20), (2, 5);
  insert into users values
    ('Ada Lovelace', 'Ada', 'Lovelace', 1, 2, '{"a": {"b": 1.5}, "email": "a@b"}', '{x,y}', '2024-01-01',
      row('s', 'z'), 'g', 'F N', 'abc', 'nm', 7, 'ty', 'sel', true),
    ('xé 日本', 'xé', '日本', 2, 1, '{}', '{}', '2020-02-02', null, '', '', '', '', 0, '', '', false),
    (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)`;

/** A schema that holds something of every kind, made in the order in which people make things. */
import type { Major } from '#servers/binaries';

/** For version 14; what later ones have beside it is in `SINCE`. */
const EVERYWHERE = `
create schema app;
create schema "Odd ""Schema";
comment on schema app is 'application''s schema';
create extension hstore;
create extension btree_gist with schema app;
create type app.mood as enum ('sad', 'ok', 'it''s');
comment on type app.mood is 'mood';
create type app.address as (street text collate "C", zip varchar(10));
comment on column app.address.zip is 'zip';
create function app.diff(a float8, b float8) returns float8 language sql immutable strict as 'select a - b';
create type app.frange as range (subtype = float8, subtype_diff = app.diff);
create domain app.pos as integer default 1 not null constraint pos_check check (value > 0);
alter domain app.pos add constraint small check (value < 1000) not valid;
comment on constraint pos_check on domain app.pos is 'dc';
comment on domain app.pos is 'dom';
create domain app.pos2 as app.pos check (value > 5);
create collation app.german (provider = icu, locale = 'de-DE');
create collation app.plain (provider = libc, locale = 'C');
create collation app.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create sequence app.counter as smallint increment by 2 minvalue 3 maxvalue 300 start 5 cache 7 cycle;
create sequence app.seq_plain;
create unlogged table app.ul (x int);
create table app.users (
  id bigint generated always as identity (start 100 increment 5) primary key,
  serial_no serial,
  email text not null collate app.ci unique,
  full_name text compression pglz,
  lower_name text generated always as (lower(full_name)) stored,
  mood app.mood default 'ok',
  addr app.address,
  qty app.pos,
  n int default nextval('app.counter'),
  r app.frange,
  h public.hstore,
  arr text[] default '{a,b}',
  ts timestamptz(3) default now(),
  constraint name_len check (length(full_name) < 100) no inherit,
  constraint r_excl exclude using gist (id with =, n with <>) where (n > 0) deferrable initially deferred
) with (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
alter table app.users alter column full_name set statistics 500;
alter table app.users alter column full_name set storage external;
alter table app.users alter column full_name set (n_distinct = -0.5);
alter table app.users add constraint nv check (n > 1) not valid;
alter table app.users add constraint dup unique (n) with (fillfactor = 60);
alter table app.users add constraint uq_inc unique (serial_no) include (n) deferrable;
alter sequence app.seq_plain owned by app.users.n;
comment on table app.users is 'users "quoted" \\ back';
comment on column app.users.email is 'e-mail';
comment on constraint nv on app.users is 'nv';
create index users_lower on app.users (lower(full_name) text_pattern_ops desc nulls last) include (n) with (fillfactor = 80) where n > 0;
comment on index app.users_lower is 'idx';
create index users_expr on app.users ((n + 1), (serial_no * 2));
alter index app.users_expr alter column 1 set statistics 200;
alter table app.users cluster on users_email_key;
create table "Odd ""Schema"."Group" ("select" int primary key, "Camel Case" text, "order" int references "Odd ""Schema"."Group");
create table app.a (id int primary key, b_id int);
create table app.b (id int primary key, a_id int references app.a deferrable initially deferred);
alter table app.a add constraint a_b foreign key (b_id) references app.b on delete set null on update cascade not valid;
alter table app.a replica identity full;
create unique index b_ri on app.b (a_id, id);
alter table app.b alter a_id set not null;
alter table app.b replica identity using index b_ri;
create table app.part (id int not null, k text not null, at date default current_date, constraint part_pk primary key (id, k)) partition by list (k);
create table app.part_a partition of app.part for values in ('a') partition by range (id);
create table app.part_a1 partition of app.part_a (at default '2020-01-01') for values from (minvalue) to (10);
create table app.part_a2 (k text not null, extra int, id int not null, at date);
alter table app.part_a2 drop column extra;
alter table app.part_a attach partition app.part_a2 for values from (10) to (maxvalue);
create table app.part_d partition of app.part default;
create table app.h (id int) partition by hash (id);
create table app.h0 partition of app.h for values with (modulus 2, remainder 0);
create table app.h1 partition of app.h for values with (modulus 2, remainder 1);
create index part_at on app.part (at);
create index part_only on only app.part (k, at);
create index part_only_d on app.part_d (k, at);
alter index app.part_only attach partition app.part_only_d;
alter table app.part add constraint part_at_ck check (at > '2000-01-01');
create table app.pairs (a int, b int, primary key (a, b));
create table app.refpart (pid int, pk text, foreign key (pid, pk) references app.part);
create table app.parent (id int not null, note text default 'p', check (id > 0));
create table app.child (more int) inherits (app.parent);
alter table app.child alter note set default 'c';
alter table app.child add constraint ck_child check (more > 0);
create table app.child2 (id int not null, note text, constraint parent_id_check check (id > 0));
alter table app.child2 inherit app.parent;
create table app.typed of app.address (street with options not null, primary key (zip));
create view app.v as select id, email, full_name from app.users with cascaded check option;
create view app.v2 with (security_barrier) as select * from app.v where id > 1;
comment on view app.v is 'view';
comment on column app.v.email is 'vc';
alter view app.v2 alter column full_name set default 'x';
create function app.count_v() returns bigint language sql stable as $$ select count(*) from app.v $$;
create function app.atomic(x int) returns int language sql begin atomic; select count(*)::int + x from app.v2; end;
create view app.v3 as select app.count_v() as n, app.atomic(1) as m;
create materialized view app.mv as select id, n from app.users with no data;
create unique index mv_id on app.mv (id);
comment on materialized view app.mv is 'mv';
create materialized view app.mv2 with (fillfactor = 50) as select count(*) from app.mv with no data;
create view app.cyc_fallback as select id, (select count(*) from app.b where b.id = a.id) c from app.a group by id;
create function app.trg() returns trigger language plpgsql as $f$ begin if 1 = 1 then return new; end if; return null; end $f$;
create trigger t1 before insert or update of full_name on app.users for each row when (new.n > 0) execute function app.trg('a', 'b''c');
create trigger t2 after update on app.users referencing old table as o new table as n for each statement execute function app.trg();
create constraint trigger t3 after insert on app.users deferrable initially deferred for each row execute function app.trg();
create trigger t4 instead of insert on app.v2 for each row execute function app.trg();
create trigger tp before insert on app.part for each row execute function app.trg();
alter table app.part_d disable trigger tp;
alter table app.users disable trigger t1;
alter table app.users enable always trigger t2;
comment on trigger t1 on app.users is 'trg';
create procedure app.proc(inout x int, variadic y int[] default '{}') language plpgsql security definer set search_path = app, pg_temp set work_mem = '1MB' as $$ begin x := 1; end $$;
comment on procedure app.proc is 'proc';
create function app.setof_users() returns setof app.users language sql rows 50 cost 7 parallel safe leakproof as 'select * from app.users';
create function app.deftype(x app.mood default 'ok', out y int, out z text) language plpgsql as $$ begin y := 1; z := 'a;b'; end $$;
create function app.acc(state int, x int) returns int language sql immutable as 'select coalesce(state, 0) + x';
create aggregate app.total(int) (sfunc = app.acc, stype = int, initcond = '0', combinefunc = app.acc, parallel = safe);
comment on aggregate app.total(int) is 'agg';
create aggregate app.pct(float8 order by float8) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create operator app.@+ (leftarg = int, rightarg = int, function = app.acc, commutator = operator(app.@+));
comment on operator app.@+ (int, int) is 'op';

create function app.mood_int(app.mood) returns int language sql immutable as $$ select 1 $$;
create cast (app.mood as int) with function app.mood_int(app.mood) as assignment;
create function app.cmp(app.address, app.address) returns int language sql immutable as $$ select 0 $$;
create function app.lt(app.address, app.address) returns bool language sql immutable as $$ select false $$;
create function app.cmp_text(app.address, text) returns int language sql immutable as $$ select 0 $$;
create operator app.<< (leftarg = app.address, rightarg = app.address, function = app.lt);
create operator family app.fam using btree;
create operator class app.addr_ops for type app.address using btree family app.fam as operator 1 app.<< , function 1 app.cmp(app.address, app.address);
create statistics app.st (dependencies, ndistinct) on id, n from app.users;
create statistics app.st_expr on (lower(full_name)), email from app.users;
alter statistics app.st set statistics 50;
comment on statistics app.st is 'st';
create text search dictionary app.dict (template = simple, stopwords = english, accept = false);
create text search configuration app.cfg (copy = pg_catalog.english);
alter text search configuration app.cfg alter mapping for asciiword with app.dict, english_stem;
comment on text search configuration app.cfg is 'cfg';
create rule r1 as on delete to app.a do instead nothing;
create rule r2 as on insert to app.a where new.id > 5 do also (update app.parent set note = new.id::text; delete from app.b where id = new.id);
comment on rule r1 on app.a is 'rule';
alter table app.a disable rule r2;
alter table app.users enable row level security;
alter table app.users force row level security;
create policy p1 on app.users as restrictive for update to public using (id > 1) with check (n > 0);
create policy p2 on app.users for select using (app.count_v() > 0);
comment on policy p1 on app.users is 'pol';
create foreign data wrapper w options (a 'b');
create server s type 't' version 'v' foreign data wrapper w options (host 'h''x');
create foreign table app.ft (id int options (column_name 'x') not null, t text default 'a', check (id > 0)) server s options (tab 'y');
comment on foreign table app.ft is 'ft';
create publication pub for table app.users, app.b with (publish = 'insert, update');
create publication pub_all for all tables with (publish_via_partition_root = true);
comment on publication pub is 'pub';
create function app.evt() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger et on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function app.evt();
alter event trigger et disable;
comment on event trigger et is 'et';
create function app.uses_table(u app.users) returns text language sql stable as 'select u.email';
create view app.v4 as select app.uses_table(u) from app.users u;
create table app.defs (id int default app.acc(1, 2), chk text check (app.mood_int('ok') > 0), g int generated always as (app.acc(1, 2)) stored);
create function app.acc2(x app.pos) returns app.pos language sql as 'select $1';
create domain app.dfunc as int check (app.acc(value, 1) > 0);
create view app.rec as with recursive t(n) as (values (1) union all select n + 1 from t where n < 3) select n from t;
create table app."Weird;Name--" (");" text);
comment on table app."Weird;Name--" is E'two\\nlines';
create function app."F (x)"("A b" int) returns table ("C d" int) language sql as $$ select 1 $$;
create table app.listed (id int, a int references app.a, k text) partition by list (k);
create table app.listed_x partition of app.listed for values in ('x') partition by list (id);
create table app.listed_x1 partition of app.listed_x for values in (1);
alter table app.listed add constraint later check (id > 0) not valid;
create trigger tl after insert on app.listed for each row execute function app.trg();
comment on constraint later on app.listed_x1 is 'inherited';
comment on constraint listed_a_fkey on app.listed_x1 is 'copied';
comment on trigger tl on app.listed_x1 is 'copied';
comment on constraint parent_id_check on app.child is 'of the parent';
comment on sequence app.users_id_seq is 'of an identity';
comment on aggregate app.pct(float8 order by float8) is 'ordered';
comment on index app.users_pkey is 'of a key';
create access method am2 type table handler heap_tableam_handler;
create table app.amt (x int) using am2;
alter operator family app.fam using btree add function 1 (app.address, text) app.cmp_text(app.address, text);
create view app.security with (security_barrier, check_option = local) as select id from app.b where id > 0;
`;

const SINCE: readonly (readonly [Major, string])[] = [
  [
    15,
    `
alter table app.users add constraint distinct_nulls unique nulls not distinct (serial_no, n);
alter publication pub set table app.users (id, email) where (id > 3), app.b;
create publication pub_schema for tables in schema app;
create view app.invoker with (security_invoker) as select id from app.b;
create unlogged sequence app.fleeting;
create table app.set_null (a int, b int, foreign key (a, b) references app.pairs (a, b) on delete set null (b));
`,
  ],
  [
    16,
    `create collation app.ruled (provider = icu, locale = 'und', rules = '&a < g');
`,
  ],
  [
    17,
    `
create table app.numbered (id int generated by default as identity, k int) partition by list (k);
create table app.numbered_1 partition of app.numbered for values in (1);
create domain app.named as int constraint must not null;
comment on constraint must on domain app.named is 'named';
create collation app.built (provider = builtin, locale = 'C.UTF-8');
alter table app.parent alter note set storage external;
`,
  ],
  [
    18,
    `
create table app.v18 (
  a int constraint a_there not null,
  b int generated always as (a * 2) virtual,
  c int not null no inherit,
  d int constraint d_quick check (d > 0) not enforced,
  e int,
  during int4range,
  constraint no_overlap primary key (a, during without overlaps)
);
alter table app.v18 add constraint e_later not null e not valid;
create table app.v18_ref (a int, during int4range,
  constraint fk foreign key (a, period during) references app.v18 (a, period during) not enforced);
comment on constraint a_there on app.v18 is 'there';
create table app.v18_child () inherits (app.v18);
comment on constraint a_there on app.v18_child is 'there too';
alter table app.v18_child alter d set not null;
alter table app.v18 rename to v18_renamed;
create publication pub_generated for table app.users with (publish_generated_columns = stored);
`,
  ],
];

export function everything(major: Major): string {
  return [EVERYWHERE, ...SINCE.filter(([since]) => since <= major).map(([, sql]) => sql)].join('\n');
}

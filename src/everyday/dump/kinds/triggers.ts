import { RANK } from '../object.js';
import { reader } from '../reader.js';

/** How a trigger or a rule fires, as ALTER TABLE says it. */
const state = (column: string): string =>
  `case ${column} when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' when 'R' then 'ENABLE REPLICA' else 'ENABLE' end`;

export const rules = reader(
  'pg_rewrite',
  RANK.rule,
  `select r.oid::int8 as oid, array[
     rtrim(pg_get_ruledef(r.oid), '; '),
     case when r.ev_enabled <> 'O' then format('ALTER TABLE %s %s RULE %I', r.ev_class::regclass, ${state('r.ev_enabled')}, r.rulename) end
   ] as sql
   from pg_rewrite r
   where r.oid = any($1::oid[])
   and r.rulename <> '_RETURN'`,
);

/**
 * A partition's copy of its parent's trigger comes with it. Whether disabling the parent's reaches the copies depends on
 * the version, so as soon as one of the two is not simply enabled, the copy's own state is said.
 */
export const triggers = reader(
  'pg_trigger',
  RANK.trigger,
  `select t.oid::int8 as oid, array[
     rtrim(pg_get_triggerdef(t.oid), ';'),
     case when t.tgenabled <> 'O' then format('ALTER %sTABLE ONLY %s %s TRIGGER %I',
       case when c.relkind = 'f' then 'FOREIGN ' end, t.tgrelid::regclass, ${state('t.tgenabled')}, t.tgname) end
   ] as sql
   from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where t.oid = any($1::oid[])
   and t.tgparentid = 0`,
);

export const triggerCopies = reader(
  'pg_trigger',
  RANK.triggerState,
  `select t.oid::int8 as oid, array['pg_trigger:' || t.tgparentid] as needs,
     case when t.tgenabled <> 'O' or p.tgenabled <> 'O'
       then array[format('ALTER TABLE ONLY %s %s TRIGGER %I', t.tgrelid::regclass, ${state('t.tgenabled')}, t.tgname)]
       else '{}' end as sql
   from pg_trigger t join pg_trigger p on p.oid = t.tgparentid
   where t.oid = any($1::oid[])`,
);

export const eventTriggers = reader(
  'pg_event_trigger',
  RANK.eventTrigger,
  `select e.oid::int8 as oid, array[
     concat(format('CREATE EVENT TRIGGER %I ON %I', e.evtname, e.evtevent),
       ' WHEN TAG IN (' || (select string_agg(quote_literal(tag), ', ') from unnest(e.evttags) tag) || ')',
       format(' EXECUTE FUNCTION %s()', e.evtfoid::regproc)),
     case when e.evtenabled <> 'O' then format('ALTER EVENT TRIGGER %I %s', e.evtname, ${state('e.evtenabled')}) end
   ] as sql
   from pg_event_trigger e
   where e.oid = any($1::oid[])`,
);

export const policies = reader(
  'pg_policy',
  RANK.policy,
  `select p.oid::int8 as oid, array[concat(format('CREATE POLICY %I ON %s', p.polname, p.polrelid::regclass),
     case when not p.polpermissive then ' AS RESTRICTIVE' end,
     case p.polcmd when 'r' then ' FOR SELECT' when 'a' then ' FOR INSERT' when 'w' then ' FOR UPDATE' when 'd' then ' FOR DELETE' end,
     case when p.polroles <> '{0}' then ' TO ' || (
       select string_agg(case when o = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(o)) end, ', '
         order by pg_get_userbyid(o) collate "C")
       from unnest(p.polroles) o) end,
     ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
     ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')] as sql
   from pg_policy p
   where p.oid = any($1::oid[])`,
);

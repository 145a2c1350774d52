import { RANK } from '../object.js';
import { laterReader, reader } from '../reader.js';

const operatorName = (oid: string): string => `(
  select format('OPERATOR(%I.%s)', xn.nspname, x.oprname)
  from pg_operator x join pg_namespace xn on xn.oid = x.oprnamespace
  where x.oid = ${oid})`;

export const operators = reader(
  'pg_operator',
  RANK.operator,
  `select o.oid::int8 as oid, array[format(E'CREATE OPERATOR %I.%s (\\n    %s\\n)', n.nspname, o.oprname,
     concat_ws(E',\\n    ',
       'FUNCTION = ' || o.oprcode::regproc,
       case when o.oprleft <> 0 then 'LEFTARG = ' || format_type(o.oprleft, null) end,
       'RIGHTARG = ' || format_type(o.oprright, null),
       'COMMUTATOR = ' || ${operatorName('o.oprcom')},
       'NEGATOR = ' || ${operatorName('o.oprnegate')},
       case when o.oprrest <> 0 then 'RESTRICT = ' || o.oprrest::regproc end,
       case when o.oprjoin <> 0 then 'JOIN = ' || o.oprjoin::regproc end,
       case when o.oprcanhash then 'HASHES' end,
       case when o.oprcanmerge then 'MERGES' end
     ))] as sql
   from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
   where o.oid = any($1::oid[])`,
);

/**
 * The members of operator classes (`depends` on the class) and the loose ones of families, as `ADD` and `CREATE` take them:
 * one row for each, in the order of their numbers.
 */
const members = (catalogue: 'pg_opclass' | 'pg_opfamily', oid: string): string => `(
  select coalesce(array_agg(m.text order by m.sort), '{}')
  from (
    select 1000 + o.amopstrategy as sort, concat('OPERATOR ', o.amopstrategy, ' ', o.amopopr::regoperator,
      (select format(' FOR ORDER BY %I.%I', sn.nspname, s.opfname)
        from pg_opfamily s join pg_namespace sn on sn.oid = s.opfnamespace
        where s.oid = o.amopsortfamily)) as text,
      'pg_amop'::regclass as catalogue, o.oid
    from pg_amop o
    union all
    select 2000 + p.amprocnum, format('FUNCTION %s (%s, %s) %s', p.amprocnum,
      format_type(p.amproclefttype, null), format_type(p.amprocrighttype, null), p.amproc::regprocedure),
      'pg_amproc'::regclass, p.oid
    from pg_amproc p
  ) m
  join pg_depend d on d.classid = m.catalogue and d.objid = m.oid
  where d.refclassid = '${catalogue}'::regclass
  and d.refobjid = ${oid})`;

/** Rows that the statement brings about, for what they depend on. */
const memberRows = (catalogue: 'pg_opclass' | 'pg_opfamily', oid: string): string => `(
  select coalesce(array_agg(d.classid::regclass || ':' || d.objid), '{}')
  from pg_depend d
  where d.classid in ('pg_amop'::regclass, 'pg_amproc'::regclass)
  and d.refclassid = '${catalogue}'::regclass
  and d.refobjid = ${oid})`;

export const operatorFamilies = reader(
  'pg_opfamily',
  RANK.operator,
  `select f.oid::int8 as oid, array[format('CREATE OPERATOR FAMILY %I.%I USING %I', n.nspname, f.opfname, a.amname)] as sql
   from pg_opfamily f
   join pg_namespace n on n.oid = f.opfnamespace
   join pg_am a on a.oid = f.opfmethod
   where f.oid = any($1::oid[])`,
);

export const operatorClasses = reader(
  'pg_opclass',
  RANK.operator,
  `select c.oid::int8 as oid, ${memberRows('pg_opclass', 'c.oid')} as owns,
     array[format(E'CREATE OPERATOR CLASS %I.%I%s FOR TYPE %s USING %I FAMILY %I.%I AS\\n    %s', n.nspname, c.opcname,
       case when c.opcdefault then ' DEFAULT' else '' end, format_type(c.opcintype, null), a.amname,
       fn.nspname, f.opfname,
       array_to_string(${members('pg_opclass', 'c.oid')} || case
         -- A class must have a member: naming its own type as what is stored changes nothing.
         when c.opckeytype <> 0 then array['STORAGE ' || format_type(c.opckeytype, null)]
         when not exists (select from pg_depend d where d.refclassid = 'pg_opclass'::regclass and d.refobjid = c.oid
           and d.classid in ('pg_amop'::regclass, 'pg_amproc'::regclass))
           then array['STORAGE ' || format_type(c.opcintype, null)]
         else '{}' end, E',\\n    '))] as sql
   from pg_opclass c
   join pg_namespace n on n.oid = c.opcnamespace
   join pg_am a on a.oid = c.opcmethod
   join pg_opfamily f on f.oid = c.opcfamily
   join pg_namespace fn on fn.oid = f.opfnamespace
   where c.oid = any($1::oid[])`,
);

/** Members that belong to a family and to no class, each by a statement of its own, behind every class. */
export const looseMembers = laterReader(
  'pg_opfamily',
  RANK.cast,
  `select f.oid::int8 as oid, ${memberRows('pg_opfamily', 'f.oid')} as owns,
     array(select format('ALTER OPERATOR FAMILY %I.%I USING %I ADD %s', n.nspname, f.opfname, a.amname, m)
       from unnest(${members('pg_opfamily', 'f.oid')}) m) as sql
   from pg_opfamily f
   join pg_namespace n on n.oid = f.opfnamespace
   join pg_am a on a.oid = f.opfmethod
   where f.oid = any($1::oid[])
   and exists (select from pg_depend d where d.refclassid = 'pg_opfamily'::regclass and d.refobjid = f.oid
     and d.classid in ('pg_amop'::regclass, 'pg_amproc'::regclass))`,
);

export const casts = reader(
  'pg_cast',
  RANK.cast,
  `select c.oid::int8 as oid, array[format('CREATE CAST (%s AS %s) %s%s',
     format_type(c.castsource, null), format_type(c.casttarget, null),
     case c.castmethod when 'f' then 'WITH FUNCTION ' || c.castfunc::regprocedure
       when 'i' then 'WITH INOUT' else 'WITHOUT FUNCTION' end,
     case c.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end)] as sql
   from pg_cast c
   where c.oid = any($1::oid[])`,
);

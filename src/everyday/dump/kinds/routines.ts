import { RANK } from '../object.js';
import { reader } from '../reader.js';

/** The server writes `create or replace`; in an empty database there is nothing to replace. */
export const routines = reader(
  'pg_proc',
  RANK.routine,
  `select p.oid::int8 as oid,
     array[rtrim(regexp_replace(pg_get_functiondef(p.oid), '^CREATE OR REPLACE', 'CREATE'), E' \\n')] as sql
   from pg_proc p
   where p.oid = any($1::oid[])
   and p.prokind <> 'a'`,
);

/** A parameter of CREATE AGGREGATE that names a function, or nothing where there is none. */
const named = (word: string, column: string): string =>
  `case when a.${column} <> 0 then '${word} = ' || a.${column}::regproc end`;

/** Whether the final function may write its state: the default differs between ordinary and ordered-set aggregates. */
const modify = (word: string, column: string): string =>
  `case when a.${column} <> case when a.aggkind = 'n' then 'r' else 'w' end
    then '${word} = ' || case a.${column} when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end end`;

export const aggregates = reader(
  'pg_proc',
  RANK.routine,
  `select p.oid::int8 as oid, array[format(E'CREATE AGGREGATE %I.%I(%s) (\\n    %s\\n)', n.nspname, p.proname,
     coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'),
     concat_ws(E',\\n    ',
       'SFUNC = ' || a.aggtransfn::regproc,
       'STYPE = ' || format_type(a.aggtranstype, null),
       case when a.aggtransspace <> 0 then 'SSPACE = ' || a.aggtransspace end,
       ${named('FINALFUNC', 'aggfinalfn')},
       case when a.aggfinalextra then 'FINALFUNC_EXTRA' end,
       ${modify('FINALFUNC_MODIFY', 'aggfinalmodify')},
       ${named('COMBINEFUNC', 'aggcombinefn')},
       ${named('SERIALFUNC', 'aggserialfn')},
       ${named('DESERIALFUNC', 'aggdeserialfn')},
       'INITCOND = ' || quote_literal(a.agginitval),
       ${named('MSFUNC', 'aggmtransfn')},
       ${named('MINVFUNC', 'aggminvtransfn')},
       case when a.aggmtransfn <> 0 then 'MSTYPE = ' || format_type(a.aggmtranstype, null) end,
       case when a.aggmtransspace <> 0 then 'MSSPACE = ' || a.aggmtransspace end,
       ${named('MFINALFUNC', 'aggmfinalfn')},
       case when a.aggmfinalextra then 'MFINALFUNC_EXTRA' end,
       case when a.aggmtransfn <> 0 then ${modify('MFINALFUNC_MODIFY', 'aggmfinalmodify')} end,
       'MINITCOND = ' || quote_literal(a.aggminitval),
       case when a.aggsortop <> 0 then (
         select format('SORTOP = OPERATOR(%I.%s)', sn.nspname, o.oprname)
         from pg_operator o join pg_namespace sn on sn.oid = o.oprnamespace
         where o.oid = a.aggsortop) end,
       case p.proparallel when 's' then 'PARALLEL = SAFE' when 'r' then 'PARALLEL = RESTRICTED' end,
       case when a.aggkind = 'h' then 'HYPOTHETICAL' end
     ))] as sql
   from pg_proc p
   join pg_namespace n on n.oid = p.pronamespace
   join pg_aggregate a on a.aggfnoid = p.oid
   where p.oid = any($1::oid[])`,
);

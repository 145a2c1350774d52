import { optionsOf, withOptions } from '../reader.js';

export interface TableRow extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly kind: 'r' | 'p' | 'f';
  readonly create: string;
  /** ` OF type`, empty: none. */
  readonly ofType: string;
  readonly partition: boolean;
  /** Parents of plain inheritance, in order; or the one of a partition. */
  readonly parents: readonly { readonly oid: number; readonly name: string }[];
  /** `FOR VALUES …` or `DEFAULT`; null: no partition. */
  readonly bound: string | null;
  /** What follows the list of columns. */
  readonly tail: string;
  /** Statements about the whole table that are no part of its creation. */
  readonly settings: readonly string[];
}

export const TABLES = `
select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name,
  c.relkind::text as kind, c.relispartition as partition,
  concat('CREATE ', case when c.relkind = 'f' then 'FOREIGN ' when c.relpersistence = 'u' then 'UNLOGGED ' end,
    format('TABLE %I.%I', n.nspname, c.relname)) as create,
  coalesce(' OF ' || nullif(c.reloftype, 0)::regtype, '') as "ofType",
  coalesce((select json_agg(json_build_object('oid', p.oid::int8, 'name', format('%I.%I', pn.nspname, p.relname))
      order by i.inhseqno)
    from pg_inherits i
    join pg_class p on p.oid = i.inhparent
    join pg_namespace pn on pn.oid = p.relnamespace
    where i.inhrelid = c.oid), '[]') as parents,
  pg_get_expr(c.relpartbound, c.oid) as bound,
  concat(
    E'\\nPARTITION BY ' || pg_get_partkeydef(c.oid),
    (select E'\\nSERVER ' || quote_ident(s.srvname) || ${optionsOf('ft.ftoptions')}
      from pg_foreign_table ft join pg_foreign_server s on s.oid = ft.ftserver
      where ft.ftrelid = c.oid),
    case when a.amname <> 'heap' then ' USING ' || quote_ident(a.amname) end,
    replace(${withOptions('c')}, ' WITH (', E'\\nWITH (')
  ) as tail,
  array_remove(array[
    case when c.relkind <> 'f' and c.relreplident in ('n', 'f') then format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', n.nspname, c.relname,
      case c.relreplident when 'n' then 'NOTHING' else 'FULL' end) end,
    case when c.relrowsecurity then format('ALTER TABLE ONLY %I.%I ENABLE ROW LEVEL SECURITY', n.nspname, c.relname) end,
    case when c.relforcerowsecurity then format('ALTER TABLE ONLY %I.%I FORCE ROW LEVEL SECURITY', n.nspname, c.relname) end
  ], null) as settings
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_am a on a.oid = c.relam
where c.oid = any($1::oid[])
and c.relkind in ('r', 'p', 'f')`;

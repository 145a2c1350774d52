import type { TableName } from '#core/identifier';
import { look } from './look.js';
import { columnNames, USER_TABLES } from './user-tables.js';
import type { CheckWorld } from './world.js';

/** A foreign key of the catalogue; those that partitions have from their parent are one with it. */
export interface ForeignKey {
  readonly name: string;
  readonly oid: number;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly referencedOid: number;
  readonly references: TableName;
  readonly referencedColumns: readonly string[];
  /** How the server compares each pair, as SQL: referenced, operator, referencing. */
  readonly operators: readonly string[];
  readonly matchFull: boolean;
  readonly validated: boolean;
  /** False: NOT ENFORCED (PostgreSQL 18), so the server vouches for nothing. */
  readonly enforced: boolean;
  /** One of its triggers is disabled: the server has stopped to look. */
  readonly disabled: boolean;
  /** Compares ranges (PERIOD, PostgreSQL 18). */
  readonly temporal: boolean;
}

// By way of jsonb, since not every version has the two columns.
const FOREIGN_KEYS = `
with ${USER_TABLES}
select con.conname::text as name,
  t.oid::bigint as oid,
  jsonb_build_object('schema', t.schema, 'name', t.name) as "table",
  ${columnNames('con.conrelid', 'con.conkey')} as columns,
  con.confrelid::bigint as "referencedOid",
  jsonb_build_object('schema', n.nspname, 'name', c.relname) as "references",
  ${columnNames('con.confrelid', 'con.confkey')} as "referencedColumns",
  array(
    select format('operator(%I.%s)', opn.nspname, op.oprname)
    from unnest(con.conpfeqop) with ordinality k (oid, place)
    join pg_catalog.pg_operator op on op.oid = k.oid
    join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
    order by k.place
  ) as operators,
  con.confmatchtype = 'f' as "matchFull",
  con.convalidated as validated,
  coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) as enforced,
  coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false) as temporal,
  exists (
    select
    from pg_catalog.pg_trigger g
    where g.tgconstraint = con.oid
    and g.tgenabled in ('D', 'R')
  ) as disabled
from pg_catalog.pg_constraint con
join tables t on t.oid = con.conrelid
join pg_catalog.pg_class c on c.oid = con.confrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where con.contype = 'f'
and con.conparentid = 0
order by t.schema, t.name, con.conname`;

export function readForeignKeys(world: CheckWorld): Promise<readonly ForeignKey[]> {
  return look<ForeignKey & Record<string, unknown>>(world, FOREIGN_KEYS);
}

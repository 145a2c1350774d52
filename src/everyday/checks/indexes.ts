import type { TableName } from '#core/identifier';
import { look } from './look.js';
import { columnNames, USER_TABLES } from './user-tables.js';
import type { CheckWorld } from './world.js';

/** A btree index that the server may use. Those of partitions are one with their parent's. */
export interface UsableIndex {
  readonly tableOid: number;
  readonly table: TableName;
  readonly name: string;
  /** Key columns in order; null for an expression. */
  readonly columns: readonly (string | null)[];
  readonly unique: boolean;
  /** Its condition as SQL; null: every row. */
  readonly where: string | null;
}

const INDEXES = `
with ${USER_TABLES}
select t.oid::bigint as "tableOid",
  jsonb_build_object('schema', t.schema, 'name', t.name) as "table",
  c.relname::text as name,
  ${columnNames('i.indrelid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')} as columns,
  i.indisunique as "unique",
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) as "where"
from pg_catalog.pg_index i
join tables t on t.oid = i.indrelid
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = c.relam
where i.indisvalid
and i.indisready
and am.amname = 'btree'
and not c.relispartition
order by t.schema, t.name, c.relname`;

export function readIndexes(world: CheckWorld): Promise<readonly UsableIndex[]> {
  return look<UsableIndex & Record<string, unknown>>(world, INDEXES);
}

/** An index over all rows whose first columns are these, in any order. */
export function leadsWith({ columns, where }: UsableIndex, wanted: readonly string[]): boolean {
  const leading = new Set(columns.slice(0, wanted.length));
  return where === null && leading.size === wanted.length && wanted.every((column) => leading.has(column));
}

import { quoteTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';

/** What holds rows: the table itself, or one leaf partition, with its size at the moment of reading. */
export interface Leaf {
  readonly oid: number;
  readonly table: TableName;
  readonly filenode: number;
  readonly blocks: number;
  /** Kept by the access method `heap`: only there a range of blocks can be read by itself. */
  readonly heap: boolean;
  /** Rows a block on average by the planner's statistics; null where the leaf was never analysed. */
  readonly rowsPerBlock: number | null;
}

interface LeafRow extends Readonly<Record<string, unknown>> {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly filenode: number;
  readonly blocks: number;
  readonly heap: boolean;
  readonly rows_per_block: number | null;
}

/**
 * Reads the leaves in constant time: sizes come from the file system, rows from statistics.
 * `pg_partition_tree` returns nothing for a table that takes no part in partitioning, hence the first branch.
 */
const LEAVES = `
select
  c.oid::bigint as oid,
  n.nspname as schema,
  c.relname as name,
  pg_relation_filenode(c.oid)::bigint as filenode,
  pg_relation_size(c.oid) / current_setting('block_size')::bigint as blocks,
  am.amname = 'heap' as heap,
  case when c.relpages > 0 and c.reltuples >= 0 then c.reltuples::float8 / c.relpages end as rows_per_block
from (
  select to_regclass($1)::oid as oid
  union
  select relid::oid
  from pg_partition_tree(to_regclass($1))
) as tree
join pg_class c on c.oid = tree.oid
join pg_namespace n on n.oid = c.relnamespace
join pg_am am on am.oid = c.relam
where c.relkind = 'r'
order by c.oid`;

export async function readLeaves(session: Session, table: TableName): Promise<readonly Leaf[]> {
  const rows = await session.query<LeafRow>(LEAVES, [quoteTable(table)]);
  return rows.map((row) => ({
    oid: Number(row.oid),
    table: { schema: row.schema, name: row.name },
    filenode: Number(row.filenode),
    blocks: Number(row.blocks),
    heap: row.heap,
    rowsPerBlock: row.rows_per_block,
  }));
}

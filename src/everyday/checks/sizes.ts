import { look } from './look.js';
import type { CheckWorld } from './world.js';

export interface TableSize {
  /** As shown. */
  readonly table: string;
  /** Of the heap, over all partitions. */
  readonly bytes: number;
  readonly rows: number | null;
}

/** The size of a table with its partitions, and the planner's estimate of its rows. Reads no row. */
export async function sizeOf(world: CheckWorld, oid: number, table: string): Promise<TableSize> {
  const [row] = await look<{ bytes: number; rows: number | null }>(
    world,
    `select coalesce(sum(pg_catalog.pg_relation_size(c.oid)), 0)::bigint as bytes,
       (sum(c.reltuples) filter (where c.reltuples >= 0))::bigint as rows
     from pg_catalog.pg_class c
     where c.relkind = 'r'
     and (c.oid = $1 or c.oid in (select relid from pg_catalog.pg_partition_tree($1::oid::regclass)))`,
    [oid],
  );
  return { table, bytes: Number(row?.bytes ?? 0), rows: row?.rows ?? null };
}

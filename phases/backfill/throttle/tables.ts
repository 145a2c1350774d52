/** A common table expression: the tables that hold the rows of $1, the table itself or its leaf partitions. */
export const LEAVES_OF = `with leaves as (
  select to_regclass($1)::oid as oid
  union
  select relid::oid
  from pg_partition_tree(to_regclass($1))
  where isleaf
)`;

/** Indexes that a CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left half-built. */
import { displayTable, type TableName } from '#core/identifier';
import { look } from './look.js';
import { USER_TABLES } from './user-tables.js';
import { type Check, finding } from './world.js';

interface Found extends Record<string, unknown> {
  readonly table: TableName;
  readonly index: string;
  readonly quoted: string;
  readonly partitioned: boolean;
  /** Of the session that builds it now. */
  readonly builder: number | null;
}

const INVALID = `
with ${USER_TABLES}
select jsonb_build_object('schema', t.schema, 'name', t.name) as "table",
  c.relname::text as index,
  format('%I.%I', n.nspname, c.relname) as quoted,
  c.relkind = 'I' as partitioned,
  (
    select max(b.pid)
    from pg_catalog.pg_stat_progress_create_index b
    where b.datid = (select oid from pg_catalog.pg_database where datname = current_database())
    and (b.index_relid = i.indexrelid or (b.relid = i.indrelid and coalesce(b.index_relid, 0) = 0))
  ) as builder
from pg_catalog.pg_index i
join tables t on t.oid = i.indrelid
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not (i.indisvalid and i.indisready and i.indislive)
order by t.schema, t.name, c.relname`;

export const invalidIndexes: Check = async (world) => {
  const found = await look<Found>(world, INVALID);
  const leftovers = found.filter(({ builder }) => builder === null);
  return {
    did: [`read from pg_index: ${leftovers.length} invalid`],
    findings: leftovers.map((index) => (index.partitioned ? incomplete(index) : leftover(index))),
    notices: found
      .filter(({ builder }) => builder !== null)
      .map(({ table, index, builder }) =>
        finding({
          ...{ table: displayTable(table), object: index },
          means: `It is being built now, by the session with pid ${builder}.`,
          mend: [],
        }),
      ),
  };
};

function leftover({ table, index, quoted }: Found) {
  // REINDEX CONCURRENTLY builds `_ccnew` beside the index, and renames the old one to `_ccold` before it drops it.
  const scratch = /_cc(new|old)\d*$/.test(index);
  return finding({
    ...{ table: displayTable(table), object: index },
    means: scratch
      ? 'REINDEX CONCURRENTLY was broken off and left it: no query uses it, and every write pays for it.'
      : 'Its concurrent build was broken off or failed: no query uses it, every write pays for it, and a unique one refuses rows without vouching for any.',
    mend: [scratch ? `drop index concurrently ${quoted};` : `reindex index concurrently ${quoted};`],
  });
}

function incomplete({ table, index, quoted }: Found) {
  return finding({
    ...{ table: displayTable(table), object: index },
    means: 'The index of a partitioned table is invalid until every partition has its own attached to it.',
    mend: [
      '-- for each partition without it: create the index concurrently, then',
      `alter index ${quoted} attach partition …;`,
    ],
  });
}

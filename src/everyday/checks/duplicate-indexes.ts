/** Indexes that say the same: each write maintains both, and one of them serves nobody. */
import { displayTable, type TableName } from '#core/identifier';
import { counted, bytes as inUnits } from '#core/numbers';
import { look } from './look.js';
import { USER_TABLES } from './user-tables.js';
import { type Check, finding } from './world.js';

interface Found extends Record<string, unknown> {
  readonly table: TableName;
  readonly index: string;
  readonly kept: string;
  readonly bytes: number;
  readonly mend: string;
}

// Kept is what most depends on: what a foreign key refers to, a replica identity, a primary key, another constraint, a unique
// one, the oldest. A unique index is no duplicate of another unless both are unique or it is the one that is kept.
const DUPLICATES = `
with ${USER_TABLES},
ranked as (
  select i.indexrelid, i.indrelid, t.schema, t.name, c.relname::text as index, con.conname,
    first_value(c.relname::text) over same as kept,
    row_number() over same as place
  from pg_catalog.pg_index i
  join tables t on t.oid = i.indrelid
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x')
  where i.indisvalid
  and not c.relispartition
  window same as (
    partition by i.indrelid, c.relam, i.indkey::text, i.indnkeyatts, i.indclass::text, i.indcollation::text,
      i.indoption::text, pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid),
      i.indisexclusion, case when i.indisunique then coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true' else false end
    order by exists (select from pg_catalog.pg_constraint f where f.contype = 'f' and f.conindid = i.indexrelid) desc,
      i.indisreplident desc, i.indisprimary desc, con.oid is not null desc, i.indisunique desc, i.indexrelid
  )
)
select jsonb_build_object('schema', r.schema, 'name', r.name) as "table",
  r.index,
  r.kept,
  pg_catalog.pg_relation_size(r.indexrelid) as bytes,
  case when r.conname is null
    then format('drop index concurrently %s;', r.indexrelid::regclass)
    else format('alter table %I.%I drop constraint %I;', r.schema, r.name, r.conname)
  end as mend
from ranked r
where r.place > 1
order by r.schema, r.name, r.index`;

export const duplicateIndexes: Check = async (world) => {
  const found = await look<Found>(world, DUPLICATES);
  return {
    did: [`read from pg_index: ${counted(found.length, 'duplicate')}`],
    findings: found.map(({ table, index, kept, bytes, mend }) =>
      finding({
        ...{ table: displayTable(table), object: index },
        means: `It holds the same as ${kept}: ${inUnits(bytes)} and the cost of every write, for nothing.`,
        mend: [mend],
      }),
    ),
  };
};

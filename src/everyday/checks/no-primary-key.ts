/** Tables without a primary key: legal, and a nuisance for replication, for tools, and for whoever wants to name a row. */
import { displayTable, generatedName, quote, quoteTable, type TableName } from '#core/identifier';
import { counted } from '#core/numbers';
import { look } from './look.js';
import { USER_TABLES } from './user-tables.js';
import { type Check, finding } from './world.js';

const WITHOUT = `
with ${USER_TABLES}
select t.schema, t.name
from tables t
where not t.relispartition
and not exists (
  select
  from pg_catalog.pg_constraint con
  where con.conrelid = t.oid
  and con.contype = 'p'
)
order by t.schema, t.name`;

export const noPrimaryKey: Check = async (world) => {
  const found = await look<TableName & Record<string, unknown>>(world, WITHOUT);
  return {
    did: [`read from the catalogue: ${counted(found.length, 'table')} without a primary key`],
    notices: found.map((table) =>
      finding({
        table: displayTable(table),
        means:
          'It has no primary key: its rows cannot be told apart, and updates of it are not replicated without REPLICA IDENTITY FULL.',
        mend: [
          '-- on the columns that tell a row (the key takes the index over, without a scan where they are NOT NULL):',
          `create unique index concurrently ${quote(generatedName(table.name, 'pkey'))} on ${quoteTable(table)} (…);`,
          `alter table ${quoteTable(table)} add primary key using index ${quote(generatedName(table.name, 'pkey'))};`,
        ],
      }),
    ),
  };
};

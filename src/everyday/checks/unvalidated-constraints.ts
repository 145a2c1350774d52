/**
 * Constraints that were added NOT VALID and never validated. `information_schema` does not tell them from others; `pg_constraint`
 * does.
 */
import { displayTable, type TableName } from '#core/identifier';
import { counted } from '#core/numbers';
import { look } from './look.js';
import { USER_TABLES, visibleSchema } from './user-tables.js';
import { type Check, finding, type Part } from './world.js';

interface Found extends Record<string, unknown> {
  readonly owner: TableName;
  readonly domain: boolean;
  readonly name: string;
  readonly definition: string;
  readonly enforced: boolean;
  /** `alter … validate constraint …` */
  readonly mend: string;
}

// What belongs to a run in flight is validated by it. Of what partitions inherit, the parent's is the one to validate.
const UNVALIDATED = `
with ${USER_TABLES},
owners as (
  select oid as conrelid, 0::oid as contypid, schema, name, false as domain
  from tables
  union all
  select 0, t.oid, n.nspname::text, t.typname::text, true
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'd'
  and ${visibleSchema('n.nspname')}
)
select jsonb_build_object('schema', o.schema, 'name', o.name) as owner,
  o.domain,
  con.conname::text as name,
  pg_catalog.pg_get_constraintdef(con.oid) as definition,
  coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) as enforced,
  format('alter %s %I.%I validate constraint %I;', case when o.domain then 'domain' else 'table' end, o.schema, o.name, con.conname) as mend
from pg_catalog.pg_constraint con
join owners o using (conrelid, contypid)
where not con.convalidated
and con.conparentid = 0
and con.conislocal
and not starts_with(con.conname, '_bellows_')
order by o.schema, o.name, con.conname`;

export const unvalidatedConstraints: Check = async (world) => {
  const found = await look<Found>(world, UNVALIDATED);
  const [open, off] = [found.filter((c) => c.enforced), found.filter((c) => !c.enforced)];
  return {
    did: [`read from pg_constraint: ${counted(open.length, 'constraint')} not validated`],
    findings: open.map(({ owner, name, definition, mend }) =>
      finding({
        ...{ table: displayTable(owner), object: name },
        means: `Rows that were there before it were never compared with it (${definition.replace(/ NOT VALID$/, '')}): it promises nothing of them.`,
        mend: [mend],
      }),
    ),
    notices: off.map(notEnforced),
  } satisfies Part;
};

function notEnforced({ owner, name }: Found) {
  return finding({
    ...{ table: displayTable(owner), object: name },
    means: 'It is NOT ENFORCED: documentation for people, and no promise of the server.',
    mend: [],
  });
}

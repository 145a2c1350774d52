/** Triggers that somebody switched off, for a load perhaps, and not on again; those of foreign keys too. */
import { displayTable, type TableName } from '#core/identifier';
import { counted } from '#core/numbers';
import { look } from './look.js';
import { USER_TABLES } from './user-tables.js';
import { type Check, finding } from './world.js';

interface Found extends Record<string, unknown> {
  readonly table: TableName;
  readonly name: string;
  /** The foreign key that it serves; null: a trigger of somebody's own. */
  readonly constraint: string | null;
  readonly replicaOnly: boolean;
  readonly mend: string;
}

const DISABLED = `
with ${USER_TABLES}
select distinct on (t.schema, t.name, coalesce(con.conname, g.tgname))
  jsonb_build_object('schema', t.schema, 'name', t.name) as "table",
  g.tgname::text as name,
  con.conname::text as "constraint",
  g.tgenabled = 'R' as "replicaOnly",
  case when g.tgisinternal
    then format('alter table %I.%I enable trigger all;', t.schema, t.name)
    else format('alter table %I.%I enable trigger %I;', t.schema, t.name, g.tgname)
  end as mend
from pg_catalog.pg_trigger g
join tables t on t.oid = g.tgrelid
left join pg_catalog.pg_constraint con on con.oid = g.tgconstraint and g.tgisinternal
where g.tgenabled in ('D', 'R')
and g.tgparentid = 0
order by t.schema, t.name, coalesce(con.conname, g.tgname), g.tgname`;

export const disabledTriggers: Check = async (world) => {
  const found = await look<Found>(world, DISABLED);
  const off = found.filter((trigger) => !trigger.replicaOnly || trigger.constraint !== null);
  return {
    did: [`read from pg_trigger: ${counted(off.length, 'trigger')} disabled`],
    findings: off.map((trigger) => said(trigger, meaning(trigger))),
    notices: found
      .filter((trigger) => !off.includes(trigger))
      .map((trigger) => said(trigger, 'It fires for replicated changes only, not for ordinary writes.')),
  };
};

function said({ table, name, constraint, mend }: Found, means: string) {
  return finding({ table: displayTable(table), object: constraint ?? name, means, mend: [mend] });
}

function meaning({ constraint }: Found): string {
  return constraint === null
    ? 'It is disabled: what it should do for each write is not done.'
    : 'The triggers of this constraint are disabled: it is not enforced, though the catalogue still calls it valid (bellows check orphans scans it).';
}

import { fail, notApplicable, pass } from '#core/gate';
import { displayTable, quoteTable } from '#core/identifier';
import type { CopyPlan, SyncedBackfillPlan } from '#core/plan';
import type { Database, Row } from '#ports';
import { readLeaves } from '../../backfill/leaves.js';
import { count, type GateCheck, keptBackfills } from './check.js';

interface TriggerRow extends Row {
  readonly relation: string;
  readonly name: string;
  /** Null where the trigger is not there. */
  readonly enabled: string | null;
  readonly ours: boolean;
}

const TRIGGERS = `
select
  relation,
  name,
  t.tgenabled::text as enabled,
  coalesce(n.nspname = 'bellows' and p.proname = $3, false) as ours
from unnest($1::text[]) as relation
cross join unnest($2::text[]) as name
left join pg_catalog.pg_trigger t on t.tgrelid = pg_catalog.to_regclass(relation) and t.tgname = name
left join pg_catalog.pg_proc p on p.oid = t.tgfoid
left join pg_catalog.pg_namespace n on n.oid = p.pronamespace`;

/** Both triggers stand on the table and on every leaf, fire always, and call the run's own function. */
export const syncTrigger: GateCheck = {
  id: 'sync_trigger',
  evaluate: async (context) => {
    const kept = keptBackfills(context);
    if (kept.length === 0) return notApplicable('the plan has no sync trigger');
    const judged = await Promise.all(kept.map((b) => judge(context.database, b)));
    const faults = judged.flatMap((j) => j.faults);
    if (faults.length === 0) return pass(judged.map((j) => j.evidence).join('; '));
    const { migration } = context.run;
    return fail(
      faults.join('; '),
      `rows may have been written unseen: put the trigger back (alter table … enable always trigger …), then bellows verify ${migration}; or bellows rollback ${migration}`,
    );
  },
};

async function judge(database: Database, backfill: SyncedBackfillPlan | CopyPlan) {
  const names = [backfill.insertTrigger, backfill.updateTrigger];
  const leaves = await readLeaves(database, backfill.table);
  const relations = [...new Set([backfill.table, ...leaves.map((leaf) => leaf.table)].map(quoteTable))];
  const rows = await database.query<TriggerRow>(TRIGGERS, [relations, names, backfill.triggerFunction]);
  const evidence = `${displayTable(backfill.table)}: ${count(names.length, 'trigger')} on ${count(relations.length, 'relation')}, enabled always`;
  return { evidence, faults: rows.flatMap(faultOf) };
}

function faultOf({ relation, name, enabled, ours }: TriggerRow): readonly string[] {
  if (enabled === null) return [`${name} is missing on ${relation}`];
  if (!ours) return [`${name} on ${relation} calls another function`];
  return enabled === 'A' ? [] : [`${name} on ${relation} is ${MODES[enabled] ?? enabled}`];
}

/** `O` is no small fault: rows from logical replication and from sessions in the replica role would pass unseen. */
const MODES: Readonly<Record<string, string>> = {
  D: 'disabled',
  O: 'not enabled always',
  R: 'enabled for replicas only',
};

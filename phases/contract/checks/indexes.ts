import { fail, notApplicable, pass } from '#core/gate';
import { displayTable, quoteTable } from '#core/identifier';
import type { IndexStep } from '#core/plan';
import type { Database, Row } from '#ports';
import { count, type GateCheck } from './check.js';

interface IndexRow extends Row {
  readonly valid: boolean;
  readonly ready: boolean;
  readonly live: boolean;
}

/** Of its own table: a name alone could be another's. */
const INDEX = `
select i.indisvalid as valid, i.indisready as ready, i.indislive as live
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = pg_catalog.to_regclass($1)
and c.relname = $2`;

/** Every index that the plan builds before the contract can be used. */
export const indexes: GateCheck = {
  id: 'indexes',
  evaluate: async ({ database, run }) => {
    const steps = [...run.plan.steps.expand, ...run.plan.steps.settle].filter(
      (step): step is IndexStep => step.kind === 'index',
    );
    if (steps.length === 0) return notApplicable('the plan builds no index before the contract');
    const faults: string[] = [];
    for (const step of steps) faults.push(...(await faultOf(database, step)));
    if (faults.length === 0)
      return pass(`${count(steps.length, 'index', 'indexes')}, all valid, ready and live`);
    return fail(
      `${faults.length} of ${steps.length} cannot be used: ${faults.join('; ')}`,
      `nothing to do: the leader goes back to settling and builds it again (bellows status ${run.migration})`,
    );
  },
};

async function faultOf(database: Database, { table, index }: IndexStep): Promise<readonly string[]> {
  const [row] = await database.query<IndexRow>(INDEX, [quoteTable(table), index]);
  const name = `${index} on ${displayTable(table)}`;
  if (row === undefined) return [`${name} is missing`];
  const not = [
    ...(row.valid ? [] : ['valid']),
    ...(row.ready ? [] : ['ready']),
    ...(row.live ? [] : ['live']),
  ];
  return not.length === 0 ? [] : [`${name} is not ${not.join(', not ')}`];
}

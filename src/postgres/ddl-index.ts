import { quoteTable, type TableName } from '#core/identifier';
import type { DropIndexStep, IndexStep } from '#core/plan';
import type { Session } from '#ports';
import { type Attempt, type Ddl, type Performed, pause, performed } from './ddl-context.js';
import { dropConcurrently, ensureIndex } from './ddl-index-build.js';
import { builderOf, findIndex, parseIndexStatement } from './ddl-index-facts.js';
import { dropPartitioned, ensurePartitioned } from './ddl-index-partitions.js';
import { markAfterwards } from './ddl-mark.js';
import { demandLease } from './fence.js';

/** CREATE INDEX CONCURRENTLY, judged by what the catalogue says afterwards and not by the statement's answer. */
export async function performIndex(ddl: Ddl, attempt: Attempt<IndexStep>): Promise<Performed> {
  const { step } = attempt;
  await demandLease(ddl.database, attempt.fence);
  const statement = parseIndexStatement(step, step.action.sql, step.index, step.table);
  const { outcome, found } = (await isPartitioned(ddl.database, step.table))
    ? await ensurePartitioned(ddl, attempt, statement)
    : await ensureIndex(ddl, attempt, { name: step.index, table: step.table, statement });
  if (outcome.kind === 'done') await markAfterwards(ddl, attempt, found);
  return performed(outcome, found);
}

/** DROP INDEX CONCURRENTLY; an index that is gone is done. */
export async function performDropIndex(ddl: Ddl, attempt: Attempt<DropIndexStep>): Promise<Performed> {
  const { step } = attempt;
  await demandLease(ddl.database, attempt.fence);
  const first = await findIndex(ddl.database, step, step.index, step.table);
  if (first !== null) {
    // A build that is still running would be waited for by the drop, and then fail it with XX000.
    while ((await builderOf(ddl.database, first)) !== null) await pause(ddl.settings.pollMs, attempt.signal);
    const outcome = (await isPartitioned(ddl.database, step.table))
      ? await dropPartitioned(ddl, attempt, step.table, step.index)
      : await dropConcurrently(ddl, attempt, { schema: step.table.schema, name: step.index });
    if (outcome !== null && outcome.kind !== 'done') return performed(outcome);
    const left = await findIndex(ddl.database, step, step.index, step.table);
    if (left !== null) return performed({ kind: 'blocked', blockers: [], sqlstate: '55000' });
  }
  await markAfterwards(ddl, attempt, first === null);
  return performed({ kind: 'done' }, first === null);
}

async function isPartitioned(session: Session, table: TableName): Promise<boolean> {
  const rows = await session.query(`select from pg_class where oid = to_regclass($1) and relkind = 'p'`, [
    quoteTable(table),
  ]);
  return rows.length > 0;
}

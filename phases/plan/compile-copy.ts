/** A copy as the plan holds it; what would fail for each row, or could lose one, is refused before anything is changed. */
import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import type { Backfill, CopyBackfill } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, generatedName, parseTable, quoteTable, sameTable } from '#core/identifier';
import type { Action, CopyPlan, PlanColumn } from '#core/plan';
import { uniqueColumns } from '../expand/sync-trigger-text.js';
import { type Common, planColumn, type Scope } from './backfill-scope.js';
import { type Bound, bound, mapping } from './compile-mapping.js';
import { refuseKeys } from './copy-key.js';
import type { PlanningFacts } from './facts.js';

const LOCK_TIMEOUT_MS = 100;

/** Null: it is no copy. */
export function targetFacts(backfill: Backfill, facts: PlanningFacts): TableFacts | null {
  if (backfill.copy === undefined) return null;
  const table = parseTable(backfill.copy.into);
  const found = facts.tables.get(quoteTable(table)) ?? facts.created.get(quoteTable(table));
  if (found === undefined) throw new RefusedError({ what: `There is no table ${displayTable(table)}.` });
  return found;
}

export function copied(
  backfill: CopyBackfill,
  common: Common,
  scope: Scope,
): { readonly plan: CopyPlan; readonly actions: readonly Action[] } {
  const { key, set, where, others } = backfill.copy;
  const target = targetFacts(backfill, scope.facts) ?? scope.tableFacts;
  refuseItself(target, scope);
  refuseKeys(key, target, scope);
  refuseColumns(Object.keys(key), Object.keys(set), target);
  const mapped = Object.entries(set).map(([column, value]) =>
    mapping(column, value.text, scope, targetColumn(column, target)),
  );
  const condition = where === undefined ? null : bound(where.text, 'copy_where', 'boolean', scope);
  for (const { mapping: m } of mapped) refuseChanging(m.column.name, m.verifiable, scope);
  if (condition !== null) refuseChanging('where', condition.verifiable, scope);
  const keys = Object.entries(key).map(([to, from]) => ({ source: planColumn(from, scope), target: to }));
  const inputs = [...mapped.map((m) => m.mapping.expression), ...expressionOf(condition)].flatMap(
    (e) => e.columns,
  );
  const plan: CopyPlan = {
    ...common,
    ...named(common, scope),
    target: target.table,
    key: keys,
    set: mapped.map(({ mapping: m }) => ({ ...m.column, expression: m.expression })),
    where: condition?.expression ?? null,
    read: uniqueColumns([...keys.map((k) => k.source), ...inputs.map((c) => planColumn(c, scope))]),
    keepsOthers: others === 'keep',
  };
  return { plan, actions: [...mapped, ...(condition === null ? [] : [condition])].flatMap((m) => m.actions) };
}

function expressionOf(condition: Bound | null) {
  return condition === null ? [] : [condition.expression];
}

type Named =
  | 'kind'
  | 'waiting'
  | 'insertTrigger'
  | 'updateTrigger'
  | 'truncateTrigger'
  | 'triggerFunction'
  | 'leaves'
  | 'lockTimeoutMs';

/** Names carry the run. A lower `deadlock_timeout` of the application lowers the time that its writes may wait. */
function named({ index }: Common, { runId, tableFacts, facts }: Scope): Pick<CopyPlan, Named> {
  const trigger = (suffix: string) => generatedName(`~bellows_${runId}_${index}`, suffix);
  const most = Math.floor(facts.server.applicationDeadlockTimeoutMs * 0.1);
  return {
    kind: 'copy',
    waiting: { schema: 'bellows', name: generatedName('waiting', String(runId), String(index)) },
    insertTrigger: trigger('copy_i'),
    updateTrigger: trigger('copy_u'),
    truncateTrigger: trigger('copy_t'),
    triggerFunction: generatedName('copy', String(runId), String(index)),
    leaves: tableFacts.leaves.map((leaf) => leaf.table),
    lockTimeoutMs: Math.max(1, Math.min(LOCK_TIMEOUT_MS, most)),
  };
}

function targetColumn(name: string, target: TableFacts): PlanColumn {
  const facts = target.columns.find((c) => c.name === name);
  if (facts === undefined) throw missing(name, target);
  return {
    name,
    type: facts.type,
    default: facts.default,
    volatileDefault: facts.defaultVolatile,
    plainEquality: facts.plainEquality,
    requiredLater: false,
  };
}

function refuseItself(target: TableFacts, { table }: Scope): void {
  if (!sameTable(target.table, table)) return;
  throw new RefusedError({
    what: `${displayTable(table)} is to be copied into itself.`,
    next: 'Name another table in `into`.',
  });
}

function refuseColumns(keys: readonly string[], set: readonly string[], target: TableFacts): void {
  const written = [...keys, ...set];
  const unknown = written.find((name) => !target.columns.some((c) => c.name === name));
  if (unknown !== undefined) throw missing(unknown, target);
  const twice = set.find((name) => keys.includes(name));
  if (twice !== undefined) throw unfit(twice, target, 'is in `key` and in `set`', 'Leave it out of `set`.');
  const made = target.columns.find((c) => written.includes(c.name) && (c.generated || isAlways(c, set)));
  if (made !== undefined)
    throw unfit(made.name, target, 'is generated, and cannot be set', 'Leave it out of `set`.');
  const needed = target.columns.find((c) => !written.includes(c.name) && isNeeded(c));
  if (needed === undefined) return;
  throw unfit(
    needed.name,
    target,
    'is NOT NULL, has no default, and is not set: no row could be copied',
    'Set it, or give it a default.',
  );
}

/** Given in an INSERT it may be, but not in the UPDATE of a row that is there. */
function isAlways({ name, identity }: ColumnFacts, set: readonly string[]): boolean {
  return identity === 'always' && set.includes(name);
}

function isNeeded({ notNull, default: value, identity, generated }: ColumnFacts): boolean {
  return notNull && value === null && identity === null && !generated;
}

/** The trigger, the catch-up and the verification compute it again and must get the same. */
function refuseChanging(name: string, verifiable: boolean, { table }: Scope): void {
  if (verifiable) return;
  throw new RefusedError({
    what: `The copy of ${displayTable(table)} computes ${name} from more than its row: it is volatile, depends on the moment, or reads other tables.`,
    why: 'A row is copied again at each change, and compared at the end; each time it must give the same.',
    next: 'Compute it from columns of the row, or leave it to a default of the target.',
  });
}

function unfit(column: string, target: TableFacts, why: string, next: string): RefusedError {
  return new RefusedError({ what: `${displayTable(target.table)}.${column} ${why}.`, next });
}

function missing(column: string, target: TableFacts): RefusedError {
  return new RefusedError({
    what: `There is no column ${column} on ${displayTable(target.table)}, into which rows are to be copied.`,
    next: 'Correct the name in the file, or add the column by a migration before this one.',
  });
}

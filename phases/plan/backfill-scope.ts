/** What is known about the table of one backfill, and what every marked backfill has. */
import type { AnalysedMigration } from '#core/analysed-migration';
import type { TableFacts } from '#core/catalogue-facts';
import { RefusedError } from '#core/errors';
import { displayTable, generatedName, type TableName } from '#core/identifier';
import type { BackfillPlan, PlanColumn, SyncedBackfillPlan } from '#core/plan';
import { type PlanningFacts, tableOf } from './facts.js';

export interface Scope {
  readonly migration: AnalysedMigration;
  readonly facts: PlanningFacts;
  readonly runId: number;
  readonly written: string;
  readonly table: TableName;
  readonly tableFacts: TableFacts;
}

export type Common = Pick<
  BackfillPlan,
  'index' | 'table' | 'partitioned' | 'triggers' | 'expectedRows' | 'order'
>;

/** Marker and triggers, by the names that the run gives them. */
export function marked(
  { index }: Common,
  { runId, tableFacts }: Scope,
): Omit<SyncedBackfillPlan, keyof Common | 'groups' | 'transform'> {
  const name = (suffix: string) => generatedName(`~bellows_${runId}_${index}`, suffix);
  return {
    kind: 'synced',
    marker: generatedName('_bellows', String(runId), String(index)),
    insertTrigger: name('i'),
    updateTrigger: name('u'),
    triggerFunction: generatedName('sync', String(runId), String(index)),
    restores: tableFacts.triggers.some(
      (t) =>
        t.timing === 'before' && t.level === 'row' && t.events.includes('update') && t.enabled !== 'disabled',
    ),
  };
}

export function columnFacts(name: string, { tableFacts }: Scope) {
  return tableFacts.columns.find((c) => c.name === name);
}

/** A column of the table as it is, or one that the migration adds. */
export function planColumn(name: string, scope: Scope): PlanColumn {
  const { definition } = scope.migration;
  const requiredLater = (definition.contract ?? []).some(
    (o) => o.kind === 'setNotNull' && o.column === name && tableOf(o, definition) === scope.written,
  );
  const existing = columnFacts(name, scope);
  if (existing !== undefined) {
    return {
      name,
      type: existing.type,
      default: existing.default,
      volatileDefault: existing.defaultVolatile,
      plainEquality: existing.plainEquality,
      requiredLater,
    };
  }
  const added = (definition.expand ?? []).find(
    (o) => o.kind === 'addColumn' && o.column === name && tableOf(o, definition) === scope.written,
  );
  if (added?.kind !== 'addColumn') throw missingColumn(name, scope.table);
  return {
    name,
    type: scope.facts.types.get(added.type) ?? added.type,
    default: added.default?.text ?? null,
    volatileDefault: added.default !== undefined && scope.facts.volatileDefaults.has(added.default.text),
    // The equality of a column that is not there yet is not known; comparing images is right for every type.
    plainEquality: false,
    requiredLater,
  };
}

const OUR_TRIGGER = /^~bellows_\d+_\d+_[iu]$/;

/** A name that begins with anything but ASCII sorts after `~`, by bytes as PostgreSQL sorts them. */
export function refuseLaterTriggers({ table, tableFacts }: Scope): void {
  const later = tableFacts.triggers.find(
    (t) =>
      t.timing === 'before' &&
      t.level === 'row' &&
      t.enabled !== 'disabled' &&
      (t.events.includes('insert') || t.events.includes('update')) &&
      t.name > '~bellows_' &&
      !OUR_TRIGGER.test(t.name),
  );
  if (later === undefined) return;
  throw new RefusedError({
    what: `The trigger ${later.name} of ${displayTable(table)} would fire after the sync trigger.`,
    why: 'BEFORE triggers fire in the order of the bytes of their names; what it changes then would reach one side only.',
    next: `Give it a name that begins with a letter of ASCII: alter trigger … on ${displayTable(table)} rename to …`,
  });
}

function missingColumn(name: string, table: TableName): RefusedError {
  return new RefusedError({
    what: `There is no column ${name} on ${displayTable(table)}, and the migration does not add it.`,
    next: 'Correct the name in the mapping, or add the column in `expand`.',
  });
}

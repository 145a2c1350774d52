/**
 * The contract of a run, in order: prove completeness while nothing is lost (CHECKs added NOT VALID and validated), then
 * the cut, one short transaction under one LOCK TABLE: triggers, marker, NOT NULL, and last what destroys.
 */
import { displayTable, generatedName, literal, quote, quoteTable, type TableName } from '#core/identifier';
import {
  type Action,
  type CopyPlan,
  type Guard,
  isTransform,
  type Step,
  type SyncedBackfillPlan,
  type TransactionStep,
} from '#core/plan';
import { dropCopyActions } from '../expand/copy-trigger.js';
import { waitsText } from '../expand/marker.js';
import { dropSyncActions } from '../expand/sync-trigger.js';
import type { Rendered } from '../plan/rendered.js';
import { addConstraint, dropConstraint, transactionStep, validateConstraint } from '../plan/steps.js';
import { nothingWaits } from './cut-copy.js';

const CHECK_SUFFIX = 'complete';

function completeCheck(backfill: SyncedBackfillPlan): string {
  return generatedName(backfill.marker, CHECK_SUFFIX);
}

/** The marker is neither null nor `p` in any row, proven by the server. (`<> 'p'` alone would pass a null.) */
export function proveComplete(backfill: SyncedBackfillPlan): readonly Step[] {
  const { table, marker } = backfill;
  const name = completeCheck(backfill);
  const definition = `check (${quote(marker)} is not null and ${quote(marker)} <> 'p')`;
  const id = `contract/complete/${backfill.index}`;
  return [
    transactionStep(
      id,
      'contract',
      `demand that no row of ${displayTable(table)} is pending`,
      [table],
      [addConstraint(table, name, definition, 'add check not valid')],
    ),
    validateConstraint(`${id}/validate`, 'contract', table, name),
  ];
}

/** Finds quarantined rows at once under the cut's lock. */
export function quarantineIndex(backfill: SyncedBackfillPlan) {
  return {
    table: backfill.table,
    name: generatedName(backfill.marker, 'q'),
    unique: false,
    definition: `(${quote(backfill.marker)}) where ${quote(backfill.marker)} = 'q'`,
  };
}

/** Where the rows are that a transform still has to see: few, and found without reading the table. */
export function pendingIndex(backfill: SyncedBackfillPlan) {
  return {
    table: backfill.table,
    name: generatedName(backfill.marker, 'p'),
    unique: false,
    definition: `(${quote(backfill.marker)}) where ${waitsText(backfill.marker)}`,
  };
}

/** What was kept equal until now, and is let go. */
export interface Kept {
  readonly synced: readonly SyncedBackfillPlan[];
  readonly copies: readonly CopyPlan[];
  readonly runId: number;
}

export function cutStep(
  { synced, copies, runId }: Kept,
  rendered: Rendered,
  tables: readonly TableName[],
  /** Removal of the bound functions, which nothing calls once the triggers are gone. */
  unbind: readonly Action[] = [],
): TransactionStep | null {
  const actions: readonly Action[] = [
    ...synced.map((b) => dropConstraint(b.table, completeCheck(b))),
    ...synced.flatMap(dropSyncActions),
    ...copies.flatMap(dropCopyActions),
    ...(synced.length + copies.length === 0 ? [] : unbind),
    ...rendered.cut,
    ...rendered.drop,
  ];
  if (actions.length === 0) return null;
  return transactionStep('contract/cut', 'contract', 'cut over to the new shape', tables, actions, {
    guards: [
      ...synced.flatMap((b) => [
        ...(isTransform(b) ? [nonePending(b)] : []),
        noQuarantine(b),
        triggersStand(b),
      ]),
      ...copies.flatMap((b) => [...nothingWaits(b, runId), triggersStand(b)]),
    ],
    destructive: true,
  });
}

/**
 * A write of an old deploy makes a row pending at any time, and a CHECK against it would refuse that write. So where a
 * transform fills the columns the proof is this one, under the lock of the cut.
 */
function nonePending({ table, marker }: SyncedBackfillPlan): Guard {
  return {
    title: `no row of ${displayTable(table)} waits for its transform`,
    sql: `select 1 from ${quoteTable(table)} where ${waitsText(marker)} limit 1`,
  };
}

function noQuarantine({ table, marker }: SyncedBackfillPlan): Guard {
  return {
    title: `no row of ${displayTable(table)} is in quarantine`,
    sql: `select 1 from ${quoteTable(table)} where ${quote(marker)} = 'q' limit 1`,
  };
}

/**
 * Both triggers fire on every relation of the table. The gate saw that before; since then the contract may have waited
 * for hours for its locks, and what a switched-off trigger missed shows in no marker.
 */
function triggersStand({ table, insertTrigger, updateTrigger }: SyncedBackfillPlan | CopyPlan): Guard {
  const root = `pg_catalog.to_regclass(${literal(quoteTable(table))})`;
  return {
    title: `the triggers of ${displayTable(table)} that keep both shapes equal stand and always fire`,
    sql: `select 1
from (
  select ${root}::oid as relid
  union
  select relid::oid
  from pg_catalog.pg_partition_tree(${root})
) as tree
cross join (values (${literal(insertTrigger)}), (${literal(updateTrigger)})) as wanted (name)
left join pg_catalog.pg_trigger t on t.tgrelid = tree.relid and t.tgname = wanted.name::name
where t.tgenabled is distinct from 'A'`,
  };
}

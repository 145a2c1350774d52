import { quote, quoteTable } from '#core/identifier';
import { type Action, filledColumns, type SyncedBackfillPlan } from '#core/plan';
import { ownFunctionExists, triggersAlwaysFire, triggersExist } from '../plan/probes.js';
import { dollarTag } from './dollar-tag.js';
import { dropMarkerActions } from './marker.js';
import { syncTriggerBody } from './sync-trigger-body.js';
import { updateCondition } from './sync-trigger-when.js';
import { transformTriggerBody } from './transform-trigger-body.js';

/** Function and triggers that keep both sides equal. To be run in one transaction with the columns and the marker. */
export function syncTriggerActions(plan: SyncedBackfillPlan): readonly Action[] {
  return [
    createFunction(plan),
    createTrigger(plan, plan.insertTrigger, 'insert', []),
    // A WHEN clause over OLD is impossible on a trigger for INSERT: hence two.
    createTrigger(plan, plan.updateTrigger, 'update', [`  when (${updateCondition(plan)})`]),
    enableAlways(plan),
  ];
}

/** Takes away triggers, function and marker: at the cut, and at a rollback. All in one transaction. */
export function dropSyncActions(plan: SyncedBackfillPlan): readonly Action[] {
  return [
    dropTrigger(plan, plan.insertTrigger),
    dropTrigger(plan, plan.updateTrigger),
    {
      title: `Drop the sync function of ${quoteTable(plan.table)}`,
      form: 'drop function',
      sql: dropFunctionSql(plan),
      probe: `select not (${ownFunctionExists(plan.triggerFunction)})`,
      undo: null,
    },
    ...dropMarkerActions(plan),
  ];
}

function createFunction(plan: SyncedBackfillPlan): Action {
  const body =
    plan.transform === undefined ? syncTriggerBody(plan) : transformTriggerBody(plan, plan.transform);
  const tag = dollarTag(body);
  return {
    title: `Create the sync function of ${quoteTable(plan.table)}`,
    form: 'create function',
    sql: [
      `create function ${functionName(plan)}()`,
      'returns trigger',
      'language plpgsql',
      ...searchPath(plan),
      `as ${tag}`,
      body,
      tag,
    ].join('\n'),
    probe: ownFunctionExists(plan.triggerFunction),
    undo: dropFunctionSql(plan),
  };
}

/**
 * The default of a new column is as the file writes it: its names mean what they mean to Bellows, which sets the default,
 * and not what they mean under the search_path of whoever inserts.
 */
function searchPath(plan: SyncedBackfillPlan): readonly string[] {
  const named = filledColumns(plan).some((c) => c.default !== null && !c.volatileDefault);
  return named ? ['set search_path from current'] : [];
}

function createTrigger(
  plan: SyncedBackfillPlan,
  name: string,
  event: 'insert' | 'update',
  condition: readonly string[],
): Action {
  return {
    title: `Create the sync trigger for ${event} on ${quoteTable(plan.table)}`,
    form: 'create trigger',
    sql: [
      `create trigger ${quote(name)}`,
      `  before ${event} on ${quoteTable(plan.table)}`,
      '  for each row',
      ...condition,
      `  execute function ${functionName(plan)}()`,
    ].join('\n'),
    probe: triggersExist(plan.table, [name]),
    undo: dropTriggerSql(plan, name),
  };
}

/** Else apply workers of logical replication, and sessions in the replica role, would write rows unseen. */
function enableAlways(plan: SyncedBackfillPlan): Action {
  const names = [plan.insertTrigger, plan.updateTrigger];
  return {
    title: `Let the sync triggers of ${quoteTable(plan.table)} fire for replicated rows too`,
    form: 'create trigger',
    sql: [
      `alter table ${quoteTable(plan.table)}`,
      names.map((name) => `  enable always trigger ${quote(name)}`).join(',\n'),
    ].join('\n'),
    probe: triggersAlwaysFire(plan.table, names),
    undo: null,
  };
}

function dropTrigger(plan: SyncedBackfillPlan, name: string): Action {
  return {
    title: `Drop the sync trigger ${quote(name)} of ${quoteTable(plan.table)}`,
    form: 'drop trigger',
    sql: dropTriggerSql(plan, name),
    probe: `select not (${triggersExist(plan.table, [name])})`,
    undo: null,
  };
}

function dropTriggerSql(plan: SyncedBackfillPlan, name: string): string {
  return `drop trigger ${quote(name)}\n  on ${quoteTable(plan.table)}`;
}

function dropFunctionSql(plan: SyncedBackfillPlan): string {
  return `drop function ${functionName(plan)}()`;
}

function functionName(plan: SyncedBackfillPlan): string {
  return `bellows.${quote(plan.triggerFunction)}`;
}

/** What keeps the target of a copy equal to its source: the table of the keys that wait, the function, the triggers. */
import { displayTable, quote, quoteTable, type TableName } from '#core/identifier';
import type { Action, CopyPlan } from '#core/plan';
import {
  ownFunctionExists,
  tableExists,
  tableGone,
  triggersAlwaysFire,
  triggersExist,
} from '../plan/probes.js';
import { waitingName } from './copied-row.js';
import { copyTriggerBody } from './copy-trigger-body.js';
import { dollarTag } from './dollar-tag.js';
import { imageDiffers } from './sync-trigger-text.js';

/** In one transaction: its lock on the source ends every older writer, and each later one has the triggers. */
export function copyTriggerActions(plan: CopyPlan): readonly Action[] {
  return [
    createWaiting(plan),
    createFunction(plan),
    rowTrigger(plan, plan.insertTrigger, 'insert or delete', ''),
    rowTrigger(plan, plan.updateTrigger, 'update', `  when (${updateCondition(plan)})\n`),
    enableAlways(plan.table, [plan.insertTrigger, plan.updateTrigger]),
    ...plan.leaves.flatMap((leaf) => [
      truncateTrigger(plan, leaf),
      enableAlways(leaf, [plan.truncateTrigger]),
    ]),
  ];
}

/** At the cut. By CASCADE, so that a partition which was detached since loses its triggers as well; nothing but them is reached. */
export function dropCopyActions(plan: CopyPlan): readonly Action[] {
  return [
    {
      title: `drop the triggers that copy ${displayTable(plan.table)} to ${displayTable(plan.target)}`,
      form: 'drop trigger',
      sql: dropFunction(plan),
      probe: `select not (${ownFunctionExists(plan.triggerFunction)})`,
      undo: null,
    },
    {
      title: 'drop the table of the keys that wait',
      form: 'drop table',
      sql: `drop table if exists ${quoteTable(plan.waiting)}`,
      probe: tableGone(plan.waiting),
      undo: null,
    },
  ];
}

/** Plain inserts and no key: an upsert would be a lock that is held until the application commits. */
function createWaiting({ key, waiting, table }: CopyPlan): Action {
  const columns = key.map((k, i) => `,\n  ${waitingName(i)} ${k.source.type}`);
  return {
    title: `create the table of the keys of ${displayTable(table)} that wait`,
    form: 'create table',
    sql: `create table ${quoteTable(waiting)} (\n  noted_at timestamptz not null default clock_timestamp()${columns.join('')}\n)`,
    probe: tableExists(waiting),
    undo: `drop table if exists ${quoteTable(waiting)}`,
  };
}

/**
 * SECURITY DEFINER: the application needs no right to the target, and none that is taken away later can make its write
 * fail. Hence the fixed path. Row security is off so that a policy is an error, and noted, instead of a row unseen; a row of the
 * target that somebody holds is waited for as long as a batch would wait, well below the time after which deadlocks are looked for.
 */
function createFunction(plan: CopyPlan): Action {
  const body = copyTriggerBody(plan);
  const tag = dollarTag(body);
  return {
    title: `create the function that copies ${displayTable(plan.table)} to ${displayTable(plan.target)}`,
    form: 'create function',
    sql: [
      `create function ${functionName(plan)}()`,
      'returns trigger',
      'language plpgsql',
      'security definer',
      'set search_path = pg_catalog, pg_temp',
      'set row_security = off',
      `set lock_timeout = ${plan.lockTimeoutMs}`,
      `as ${tag}`,
      body,
      tag,
    ].join('\n'),
    probe: ownFunctionExists(plan.triggerFunction),
    undo: dropFunction(plan),
  };
}

function rowTrigger(plan: CopyPlan, name: string, events: string, when: string): Action {
  const on = quoteTable(plan.table);
  return {
    title: `create the copy trigger for ${events} on ${displayTable(plan.table)}`,
    form: 'create trigger',
    sql: `create trigger ${quote(name)}\n  after ${events} on ${on}\n  for each row\n${when}  execute function ${functionName(plan)}()`,
    probe: triggersExist(plan.table, [name]),
    undo: null,
  };
}

/**
 * When an UPDATE concerns the copy: what it is made of changed, or the row went to another block. That is what lets one walk
 * over the blocks be complete: a row that has no copy yet gets it before it can slip past the walk.
 */
function updateCondition({ read }: CopyPlan): string {
  const images = read.filter((c) => !c.plainEquality);
  const terms = [
    ...read
      .filter((c) => c.plainEquality)
      .map(({ name }) => `new.${quote(name)} is distinct from old.${quote(name)}`),
    ...(images.length === 0 ? [] : [imageDiffers('new', 'old', images)]),
    `${blockOf('new')} <> ${blockOf('old')}`,
  ];
  return terms.join('\n    or ');
}

/** There is no other way from a tuple id to its block. */
function blockOf(row: string): string {
  return `(${row}.ctid::text::point)[0]`;
}

/** Fires on what it stands on alone: TRUNCATE of a root reaches all its leaves, that of a leaf no root. */
function truncateTrigger(plan: CopyPlan, leaf: TableName): Action {
  const { truncateTrigger: name } = plan;
  return {
    title: `create the copy trigger for truncate on ${displayTable(leaf)}`,
    form: 'create trigger',
    sql: `create trigger ${quote(name)}\n  after truncate on ${quoteTable(leaf)}\n  for each statement\n  execute function ${functionName(plan)}()`,
    probe: triggersExist(leaf, [name]),
    undo: null,
  };
}

/** Else apply workers of logical replication, and sessions in the replica role, would write rows unseen. */
function enableAlways(table: TableName, names: readonly string[]): Action {
  return {
    title: `let the copy triggers of ${displayTable(table)} fire for replicated rows too`,
    form: 'create trigger',
    sql: `alter table ${quoteTable(table)}\n${names.map((name) => `  enable always trigger ${quote(name)}`).join(',\n')}`,
    probe: triggersAlwaysFire(table, names),
    undo: null,
  };
}

function functionName({ triggerFunction }: CopyPlan): string {
  return `bellows.${quote(triggerFunction)}`;
}

function dropFunction(plan: CopyPlan): string {
  return `drop function if exists ${functionName(plan)}() cascade`;
}

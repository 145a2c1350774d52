/** Makes the recurring steps: small constructors, so that every operation says the same thing in the same words. */
import { displayTable, quote, quoteTable, type TableName } from '#core/identifier';
import type { Action, DropIndexStep, IndexStep, ScanStep, StepPhase, TransactionStep } from '#core/plan';
import { constraintExists, constraintGone, constraintValidated, indexGone, indexValid } from './probes.js';

export function transactionStep(
  id: string,
  phase: StepPhase,
  title: string,
  tables: readonly TableName[],
  actions: readonly Action[],
  more: Partial<Pick<TransactionStep, 'guards' | 'destructive'>> = {},
): TransactionStep {
  return { kind: 'transaction', id, phase, title, tables, actions, guards: [], destructive: false, ...more };
}

/** ADD … NOT VALID: no scan under the lock. */
export function addConstraint(
  table: TableName,
  name: string,
  definition: string,
  form: 'add check not valid' | 'add foreign key not valid',
): Action {
  return {
    title: `add constraint ${name} on ${displayTable(table)}, not valid`,
    form,
    sql: `alter table ${quoteTable(table)} add constraint ${quote(name)} ${definition} not valid`,
    probe: constraintExists(table, name),
    undo: `alter table ${quoteTable(table)} drop constraint if exists ${quote(name)}`,
  };
}

export function dropConstraint(table: TableName, name: string): Action {
  return {
    title: `drop constraint ${name} on ${displayTable(table)}`,
    form: 'drop constraint',
    sql: `alter table ${quoteTable(table)} drop constraint if exists ${quote(name)}`,
    probe: constraintGone(table, name),
    undo: null,
  };
}

/** VALIDATE: a scan under a lock that blocks neither reads nor writes. */
export function validateConstraint(id: string, phase: StepPhase, table: TableName, name: string): ScanStep {
  return {
    kind: 'scan',
    id,
    phase,
    title: `validate constraint ${name} on ${displayTable(table)}`,
    table,
    action: {
      title: `validate constraint ${name} on ${displayTable(table)}`,
      form: 'validate constraint',
      sql: `alter table ${quoteTable(table)} validate constraint ${quote(name)}`,
      probe: constraintValidated(table, name),
      undo: null,
    },
    undoOnViolation: `alter table ${quoteTable(table)} drop constraint if exists ${quote(name)}`,
  };
}

export interface IndexShape {
  readonly table: TableName;
  readonly name: string;
  readonly unique: boolean;
  /** Everything after `on <table>`: `using btree (a, b) where …`. */
  readonly definition: string;
}

export function indexStep(id: string, phase: StepPhase, index: IndexShape): IndexStep {
  const unique = index.unique ? 'unique ' : '';
  const title = `build ${unique}index ${index.name} on ${displayTable(index.table)}, concurrently`;
  return {
    kind: 'index',
    id,
    phase,
    title,
    table: index.table,
    index: index.name,
    unique: index.unique,
    action: {
      title,
      form: 'create index concurrently',
      sql: `create ${unique}index concurrently ${quote(index.name)} on ${quoteTable(index.table)} ${index.definition}`,
      probe: indexValid(index.table, index.name),
      undo: `drop index concurrently if exists ${quote(index.table.schema)}.${quote(index.name)}`,
    },
  };
}

export function dropIndexStep(id: string, phase: StepPhase, table: TableName, index: string): DropIndexStep {
  const title = `drop index ${index}, concurrently`;
  return {
    kind: 'drop_index',
    id,
    phase,
    title,
    table,
    index,
    action: {
      title,
      form: 'drop index concurrently',
      sql: `drop index concurrently if exists ${quote(table.schema)}.${quote(index)}`,
      probe: indexGone(table, index),
      undo: null,
    },
  };
}

/** @param columns none: all of the table. */
export function analyzeStep(id: string, table: TableName, columns: readonly string[]): ScanStep {
  const only = columns.length === 0 ? '' : ` (${columns.map(quote).join(', ')})`;
  const title = `analyze ${columns.length === 0 ? '' : 'the new columns of '}${displayTable(table)}`;
  return {
    kind: 'scan',
    id,
    phase: 'settle',
    title,
    table,
    action: {
      title,
      form: 'analyze',
      sql: `analyze ${quoteTable(table)}${only}`,
      probe: null,
      undo: null,
    },
    undoOnViolation: null,
  };
}

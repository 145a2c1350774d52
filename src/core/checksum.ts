/**
 * The checksum of a migration: of what the file means, never of its text or of rendered SQL. Free are comments and
 * formatting, of TypeScript and of SQL, and the prose (`description`, a statement's `reason`); a default that is
 * written out is the same as one left out. Everything else, gate and contract too, is part of it.
 *
 * A run in flight carries the checksum that it was begun with: whoever changes anything here must raise the format
 * number, and keep the old format for the runs that carry it.
 */
import { createHash } from 'node:crypto';
import {
  type AnyOperation,
  type Backfill,
  backfillsOf,
  type Copy,
  type CreateTable,
  type Definition,
  type Gate,
  newColumns,
  setOf,
} from './definition.js';
import { durationMs } from './duration.js';
import { displayTable, parseTable } from './identifier.js';
import { isSql, type Sql } from './sql.js';

const CHECKSUM_FORMAT = 1;

/** The scanner's tokens of an SQL text, comments and white space dropped: the parser room's `tokensOf`. */
export type Tokenize = (sql: string) => readonly string[];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** SHA-256 as 64 hex digits. Throws what `tokens` throws, for SQL that the scanner cannot read. */
export function checksumOf(definition: Definition, tokens: Tokenize): string {
  return createHash('sha256')
    .update(canonical(normalised(definition, tokens)))
    .digest('hex');
}

/** JSON with sorted keys; what is undefined, and an empty list or object, is left out. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && !isEmpty(inner));
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner ?? null)}`).join(',')}}`;
}

function isEmpty(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function normalised(definition: Definition, tokens: Tokenize): Json {
  const code = (value: Sql | undefined) => (value === undefined ? undefined : sqlJson(value, tokens));
  const operation = (o: AnyOperation) => operationJson(o, definition, code, tokens);
  return {
    format: CHECKSUM_FORMAT,
    expand: (definition.expand ?? []).map(operation),
    backfill: backfillsOf(definition).map((backfill) => backfillJson(backfill, definition, code)),
    contract: (definition.contract ?? []).map(operation),
    gate: gateJson(definition.gate ?? {}, code),
    window: definition.window === undefined ? undefined : { ...definition.window },
  };
}

type Code = (value: Sql | undefined) => Json | undefined;

/** Tokens stay a list: joined with nothing between, `a b` and `ab` would be equal. */
function sqlJson(value: Sql, tokens: Tokenize): Json {
  return { sql: tokens(value.text) };
}

function operationJson(operation: AnyOperation, definition: Definition, code: Code, tokens: Tokenize): Json {
  const table = tableJson(operation, definition);
  switch (operation.kind) {
    case 'addColumn':
      return {
        ...pick(operation, 'kind', 'column'),
        table,
        type: tokens(operation.type),
        default: code(operation.default),
      };
    case 'createTable':
      return createTableJson(operation, code, tokens);
    case 'createIndex':
      return {
        ...pick(operation, 'kind', 'name'),
        table,
        columns: operation.columns.map((column) => (isSql(column) ? (code(column) ?? null) : column)),
        unique: operation.unique === true ? true : undefined,
        where: code(operation.where),
        using: operation.using === 'btree' ? undefined : operation.using,
      };
    case 'addCheck':
      return { ...pick(operation, 'kind', 'name'), table, check: code(operation.check) };
    case 'addForeignKey':
      return {
        ...pick(operation, 'kind', 'name', 'columns', 'referencedColumns'),
        table,
        references: tableText(operation.references),
        onDelete: operation.onDelete === 'no action' ? undefined : operation.onDelete,
      };
    case 'addUnique':
      return { ...pick(operation, 'kind', 'name', 'columns'), table };
    case 'setNotNull':
    case 'dropColumn':
      return { ...pick(operation, 'kind', 'column'), table };
    case 'dropTable':
      return { kind: operation.kind, name: tableText(operation.name) };
    case 'statement':
      return { kind: operation.kind, table, up: code(operation.up), undo: code(operation.undo) };
  }
}

/** Of columns the order counts: it is that of the table. */
function createTableJson(operation: CreateTable, code: Code, tokens: Tokenize): Json {
  return {
    ...pick(operation, 'kind', 'primaryKey'),
    name: tableText(operation.name),
    columns: newColumns(operation).map((column) => ({
      name: column.name,
      type: tokens(column.type),
      notNull: column.notNull === true ? true : undefined,
      default: code(column.default),
    })),
  };
}

/** The order of `set` is the author's taste: it decides nothing, so the keys are sorted with all others. */
function backfillJson(backfill: Backfill, definition: Definition, code: Code): Json {
  const { reverse, where, triggers, order } = backfill;
  return {
    table: tableJson(backfill, definition),
    set: recordJson(setOf(backfill), code),
    reverse: reverse === undefined || reverse === 'none' ? reverse : recordJson(reverse, code),
    where: code(where),
    delete: code(backfill.delete),
    copy: backfill.copy === undefined ? undefined : copyJson(backfill.copy, code),
    triggers,
    order,
  };
}

function copyJson({ into, key, set, where, others }: Copy, code: Code): Json {
  return { into: tableText(into), key: { ...key }, set: recordJson(set, code), where: code(where), others };
}

function gateJson(gate: Gate, code: Code): Json {
  const soakMs = gate.soak === undefined ? 0 : (durationMs(gate.soak) ?? gate.soak);
  return {
    soakMs: soakMs === 0 ? undefined : soakMs,
    deployed: gate.deployed === undefined ? undefined : { ...gate.deployed },
    queries: recordJson(gate.queries ?? {}, code),
  };
}

function recordJson(record: Readonly<Record<string, Sql | undefined>>, code: Code): Json {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, code(value)]));
}

function tableJson(
  part: { readonly table?: string | undefined },
  definition: Definition,
): string | undefined {
  const table = part.table ?? definition.table;
  return table === undefined ? undefined : tableText(table);
}

function tableText(table: string): string {
  return displayTable(parseTable(table));
}

function pick<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}

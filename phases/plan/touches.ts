/** Which tables and columns a migration works on: a later migration waits only where what they change or drop meets. */
import { backfillsOf, type Definition } from '#core/definition';
import { parseTable, type TableName } from '#core/identifier';
import { type BackfillPlan, filledColumns, sourceColumns } from '#core/plan';
import { operationsOf, tableOf } from './facts.js';

const columnName = (written: string, column: string) => {
  const table = parseTable(written);
  return `${table.schema}.${table.name}.${column}`;
};
const tableName = (written: string) => {
  const table = parseTable(written);
  return `${table.schema}.${table.name}`;
};

/** Every table that an operation or a backfill names, also one that is dropped; what `statement` leaves open is left out. */
export function tablesOf(definition: Definition): readonly TableName[] {
  const written = [
    ...operationsOf(definition).flatMap((o) => {
      if (o.kind === 'dropTable' || o.kind === 'createTable') return [o.name];
      return o.table ?? definition.table ?? [];
    }),
    ...backfillsOf(definition).flatMap((b) => [
      tableOf(b, definition),
      ...(b.copy === undefined ? [] : [b.copy.into]),
    ]),
  ];
  return [...new Set(written)].map(parseTable);
}

export function dropsOf(definition: Definition): readonly string[] {
  return (definition.contract ?? []).flatMap((o) => {
    if (o.kind === 'dropTable') return [tableName(o.name)];
    if (o.kind === 'dropColumn') return [columnName(tableOf(o, definition), o.column)];
    return [];
  });
}

export function touchesOf(definition: Definition, backfills: readonly BackfillPlan[]): readonly string[] {
  const operations = operationsOf(definition).flatMap((o): readonly string[] => {
    if (o.kind === 'dropTable' || o.kind === 'createTable') return [tableName(o.name)];
    if (o.kind === 'statement')
      return o.table === undefined && definition.table === undefined
        ? []
        : [tableName(tableOf(o, definition))];
    if (o.kind === 'addCheck') return [];
    const table = tableOf(o, definition);
    const columns =
      o.kind === 'createIndex' || o.kind === 'addUnique' || o.kind === 'addForeignKey'
        ? o.columns
        : [o.column];
    return columns.flatMap((c) => (typeof c === 'string' ? [columnName(table, c)] : []));
  });
  const mapped = backfills.flatMap((b) => {
    const into = b.kind === 'copy' ? [`${b.target.schema}.${b.target.name}`] : [];
    return [...into, ...namesOf(b).map((c) => `${b.table.schema}.${b.table.name}.${c}`)];
  });
  return [...new Set([...operations, ...mapped])];
}

function namesOf(backfill: BackfillPlan): readonly string[] {
  if (backfill.kind === 'purge') return backfill.where.columns;
  if (backfill.kind === 'copy') return backfill.read.map((c) => c.name);
  const sources = backfill.kind === 'synced' ? sourceColumns(backfill) : [];
  return [...sources, ...filledColumns(backfill)].map((c) => c.name);
}

/** True where one of the names is the other, or the table of the other. */
export function meet(a: readonly string[], b: readonly string[]): string | null {
  return a.find((x) => b.some((y) => x === y || x.startsWith(`${y}.`) || y.startsWith(`${x}.`))) ?? null;
}

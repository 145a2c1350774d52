import { type AnyOperation, type Backfill, type Definition, newColumns } from '#core/definition';
import { displayTable, parseTable } from '#core/identifier';
import { isSql, type Sql } from '#core/sql';
import { scan } from '#parser/scan';

/**
 * The definition as the heart gets it: one spelling for one table, so that names can be compared as text, and no comments
 * in expressions: one that runs to the end of its line would swallow the parenthesis that is put behind it.
 */
export function canonical(definition: Definition): Definition {
  const { table, expand, backfill, contract } = definition;
  return {
    ...definition,
    ...(table === undefined ? {} : { table: spelled(table) }),
    ...(expand === undefined ? {} : { expand: expand.map(operation) }),
    ...(contract === undefined ? {} : { contract: contract.map(operation) }),
    ...(backfill === undefined
      ? {}
      : { backfill: isList(backfill) ? backfill.map(oneBackfill) : oneBackfill(backfill) }),
  };
}

function isList(backfill: Backfill | readonly Backfill[]): backfill is readonly Backfill[] {
  return Array.isArray(backfill);
}

function operation<O extends AnyOperation>(given: O): O {
  const placed = given.table === undefined ? given : { ...given, table: spelled(given.table) };
  switch (placed.kind) {
    case 'addColumn':
      return placed.default === undefined ? placed : { ...placed, default: bare(placed.default) };
    case 'createTable':
      return {
        ...placed,
        name: spelled(placed.name),
        columns: Object.fromEntries(
          newColumns(placed).map(({ name, ...c }) => [
            name,
            c.default === undefined ? c : { ...c, default: bare(c.default) },
          ]),
        ),
      };
    case 'addCheck':
      return { ...placed, check: bare(placed.check) };
    case 'createIndex': {
      const columns = placed.columns.map((column) => (isSql(column) ? bare(column) : column));
      return { ...placed, columns, ...(placed.where === undefined ? {} : { where: bare(placed.where) }) };
    }
    case 'addForeignKey':
      return { ...placed, references: spelled(placed.references) };
    case 'dropTable':
      return { ...placed, name: spelled(placed.name) };
    default:
      return placed;
  }
}

function oneBackfill(backfill: Backfill): Backfill {
  const placed = backfill.table === undefined ? backfill : { ...backfill, table: spelled(backfill.table) };
  if (placed.copy === undefined) return placed;
  return { ...placed, copy: { ...placed.copy, into: spelled(placed.copy.into) } };
}

function spelled(table: string): string {
  return displayTable(parseTable(table));
}

function bare(value: Sql): Sql {
  const comments = scan(value.text).filter((token) => token.kind === 'comment');
  const text = comments.reduceRight(
    (out, { start, end }) => `${out.slice(0, start)} ${out.slice(end)}`,
    value.text,
  );
  return { ...value, text: text.trim() };
}

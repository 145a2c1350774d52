import { type CreateTable, type NewColumn, newColumns } from '#core/definition';
import { displayTable, parseTable, quote, quoteList, quoteTable } from '#core/identifier';
import { tableExists } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';

/**
 * Makes a table, with its primary key. Nobody can be in the way of it. A rollback drops it, with what is in it.
 *
 * @param options.columns type names that PostgreSQL knows, or `{ type, notNull, default }`
 */
export function createTable(
  name: string,
  options: {
    readonly columns: { readonly [column: string]: string | NewColumn };
    readonly primaryKey: readonly string[];
  },
): CreateTable {
  return { kind: 'createTable', name, ...options };
}

export function renderCreateTable(operation: CreateTable, { typeOf }: RenderContext): Rendered {
  const table = parseTable(operation.name);
  const columns = newColumns(operation).map((c) => {
    const required = c.notNull === true ? ' not null' : '';
    const value = c.default === undefined ? '' : ` default (${c.default.text})`;
    return `  ${quote(c.name)} ${typeOf(c.type)}${required}${value}`;
  });
  const key = `  primary key (${quoteList(operation.primaryKey)})`;
  return {
    ...NOTHING,
    expand: [
      {
        title: `create table ${displayTable(table)}`,
        form: 'create table',
        sql: `create table ${quoteTable(table)} (\n${[...columns, key].join(',\n')}\n)`,
        probe: tableExists(table),
        undo: `drop table if exists ${quoteTable(table)}`,
      },
    ],
  };
}

import type { DropColumn } from '#core/definition';
import { displayTable, quote, quoteTable } from '#core/identifier';
import { columnGone } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';

/** Drops a column: the last thing a contract does. PostgreSQL only hides it (instant); its space comes back as rows are rewritten. */
export function dropColumn(column: string): DropColumn {
  return { kind: 'dropColumn', column };
}

export function renderDropColumn(operation: DropColumn, { table }: RenderContext): Rendered {
  return {
    ...NOTHING,
    drop: [
      {
        title: `drop column ${displayTable(table)}.${operation.column}`,
        form: 'drop column',
        // No CASCADE: a view or a foreign key that still needs the column must stop the contract, not vanish with it.
        sql: `alter table ${quoteTable(table)} drop column ${quote(operation.column)}`,
        probe: columnGone(table, operation.column),
        undo: null,
      },
    ],
  };
}

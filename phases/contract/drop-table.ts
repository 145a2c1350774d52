import type { DropTable } from '#core/definition';
import { displayTable, parseTable, quoteTable } from '#core/identifier';
import { tableGone } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';

/** Drops a table: the last thing a contract does; refused by PostgreSQL while something depends on it. */
export function dropTable(name: string): DropTable {
  return { kind: 'dropTable', name };
}

export function renderDropTable(operation: DropTable, _context: RenderContext): Rendered {
  const table = parseTable(operation.name);
  return {
    ...NOTHING,
    drop: [
      {
        title: `drop table ${displayTable(table)}`,
        form: 'drop table',
        sql: `drop table ${quoteTable(table)}`,
        probe: tableGone(table),
        undo: null,
      },
    ],
  };
}

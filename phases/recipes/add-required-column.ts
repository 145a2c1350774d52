import type { Definition, Gate } from '#core/definition';
import type { Sql } from '#core/sql';
import { setNotNull } from '../contract/set-not-null.js';
import { addColumn } from '../expand/add-column.js';

export interface AddRequiredColumn {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** The value for rows that do not give one: existing rows, and inserts of deploys that do not know the column. */
  readonly value: Sql;
  readonly gate?: Gate;
}

/** Adds a NOT NULL column to a table in use: added empty, filled in batches, and required only when every row has it. */
export function addRequiredColumn({ table, column, type, value, gate }: AddRequiredColumn): Definition {
  return {
    description: `Add the required column ${column} to ${table}`,
    table,
    expand: [addColumn(column, type)],
    backfill: { set: { [column]: value } },
    contract: [setNotNull(column)],
    ...(gate === undefined ? {} : { gate }),
  };
}

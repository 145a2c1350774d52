import type { Definition, Gate } from '#core/definition';
import { type Sql, sql } from '#core/sql';
import { dropColumn } from '../contract/drop-column.js';
import { setNotNull } from '../contract/set-not-null.js';
import { addColumn } from '../expand/add-column.js';

export interface RenameColumn {
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** The column's type, e.g. `varchar(20)`. */
  readonly type: string;
  /** For inserts that name neither; give the old column's default, which goes with it. */
  readonly default?: Sql;
  /** Make the new column NOT NULL in the contract; default false. */
  readonly notNull?: boolean;
  readonly gate?: Gate;
}

/**
 * Renames a column over several deploys: both names are kept equal in both directions until no deploy needs the old one.
 */
export function renameColumn({
  table,
  from,
  to,
  type,
  default: value,
  notNull = false,
  gate,
}: RenameColumn): Definition {
  return {
    description: `Rename ${table}.${from} to ${to}`,
    table,
    expand: [addColumn(to, type, value === undefined ? {} : { default: value })],
    backfill: { set: { [to]: sql.id(from) }, reverse: { [from]: sql.id(to) } },
    contract: [...(notNull ? [setNotNull(to)] : []), dropColumn(from)],
    ...(gate === undefined ? {} : { gate }),
  };
}

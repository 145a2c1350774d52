import { displayTable, parseTable, type TableName } from '#core/identifier';
import { look } from './look.js';
import { type CheckWorld, type Part, unknown } from './world.js';

export interface WantedTable {
  readonly oid: number;
  readonly table: TableName;
  readonly shown: string;
  /** Columns that are NOT NULL, or that a valid CHECK keeps from being NULL. */
  readonly required: ReadonlySet<string>;
  readonly primaryKey: readonly string[];
}

/**
 * The table of something that is to hold later, with these columns; or what there is to say instead: a migration may add what
 * it speaks of, the configuration must name what is there.
 */
export async function wantedTable(
  world: CheckWorld,
  what: { readonly table: string; readonly columns: readonly string[]; readonly by: string | null },
): Promise<WantedTable | Part> {
  const table = parseTable(what.table);
  const shown = displayTable(table);
  const columns = await readColumns(world, table);
  const missing = what.columns.filter((column) => !columns.some(({ name }) => name === column));
  if (columns.length > 0 && missing.length === 0) {
    const required = new Set(columns.filter((c) => c.required).map((c) => c.name));
    const keys = columns.filter((c) => c.keyPlace !== null);
    const primaryKey = keys.sort((a, b) => (a.keyPlace ?? 0) - (b.keyPlace ?? 0)).map((c) => c.name);
    return { oid: columns[0]?.oid ?? 0, table, shown, required, primaryKey };
  }
  const gone = columns.length === 0 ? `table ${shown}` : `column ${shown}.${missing.join(`, ${shown}.`)}`;
  if (what.by !== null) return { did: [`${gone} of ${what.by} is not there yet: nothing to look for`] };
  const next = 'Correct `checks` in bellows.config.ts, or bellows up.';
  return { unknown: [unknown({ table: shown, why: `there is no ${gone}`, next })] };
}

export function isThere(found: WantedTable | Part): found is WantedTable {
  return 'oid' in found;
}

interface Column extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly required: boolean;
  /** From 1 in the primary key; null: not in it. */
  readonly keyPlace: number | null;
}

function readColumns(world: CheckWorld, table: TableName): Promise<readonly Column[]> {
  return look<Column>(
    world,
    `select c.oid::bigint as oid,
       a.attname::text as name,
       a.attnotnull or exists (
         select
         from pg_catalog.pg_constraint con
         where con.conrelid = c.oid
         and con.contype = 'c'
         and con.convalidated
         and con.conkey = array[a.attnum]
         and pg_catalog.pg_get_expr(con.conbin, con.conrelid) = format('(%I IS NOT NULL)', a.attname)
       ) as required,
       (
         select array_position(con.conkey, a.attnum)
         from pg_catalog.pg_constraint con
         where con.conrelid = c.oid
         and con.contype = 'p'
       ) as "keyPlace"
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname = $1
     and c.relname = $2
     and c.relkind in ('r', 'p')
     order by a.attnum`,
    [table.schema, table.name],
  );
}

/** `(declared in bellows.config.ts)`, `(wanted by 2024…_x)`. */
export function byWhom(by: string | null): string {
  return by === null ? 'declared in bellows.config.ts' : `wanted by ${by}`;
}

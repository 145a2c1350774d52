/** Ranges of a leaf's primary key, newest first: cut where the planner's statistics of its first column say. */
import { quote, quoteTable } from '#core/identifier';
import type { Session } from '#ports';
import { type Key, type KeyColumn, keyText } from './access.js';
import type { Leaf } from './leaves.js';
import type { PlannedRange } from './planned-range.js';

const KEY = `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
from pg_index i
cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = $1
  and i.indisprimary
order by k.position`;

/**
 * Reads no rows but those that stand at the bounds, each by one look into the key's index. A leaf without statistics gets
 * one range: it is walked as well, by one worker.
 *
 * @param most how many ranges there may be.
 * @returns null where the leaf has no primary key.
 */
export async function keyRanges(
  session: Session,
  leaf: Leaf,
  most: number,
): Promise<readonly PlannedRange[] | null> {
  const columns = await session.query<{ name: string; type: string }>(KEY, [leaf.oid]);
  const [first] = columns;
  if (first === undefined) return null;
  const values = spread(await readStatistics(session, leaf, first), most);
  const bounds = values.length === 0 ? [] : await keysAt(session, leaf, columns, values);
  return splitKeys(leaf, columns, bounds);
}

/** @param bounds ascending; each is the first key of its range. */
export function splitKeys(
  leaf: Leaf,
  columns: readonly KeyColumn[],
  bounds: readonly Key[],
): readonly PlannedRange[] {
  const rows = leaf.rowsPerBlock === null ? null : (leaf.rowsPerBlock * leaf.blocks) / (bounds.length + 1);
  const descending = [...bounds].reverse();
  const range = { leaf, kind: 'keys', lo: 0, hi: Math.max(1, Math.round(rows ?? 1)), rowsExpected: rows };
  return [...descending, null].map((keyTo, i) => ({
    ...range,
    kind: 'keys',
    keyColumns: columns,
    keyFrom: descending[i - 1] ?? null,
    keyTo,
  }));
}

/** At most `most - 1` of the values but the first, evenly. */
export function spread(values: readonly string[], most: number): readonly string[] {
  const inner = values.slice(1);
  const wanted = Math.max(0, Math.min(inner.length, most - 1));
  const at = (i: number) => Math.ceil(((i + 1) * inner.length) / (wanted + 1)) - 1;
  return Array.from({ length: wanted }, (_, i) => inner[at(i)] ?? '');
}

/** Empty where the column was never analysed, or the role may not see its statistics. */
async function readStatistics(session: Session, leaf: Leaf, column: KeyColumn): Promise<readonly string[]> {
  // A column of few values, such as a tenant's, has most common values and no histogram.
  const rows = await session.query<{ value: string }>(
    `select seen.value
    from pg_stats s
    cross join lateral (
      select unnest(s.histogram_bounds::text::text[]) as value
      union
      select unnest(s.most_common_vals::text::text[])
    ) as seen
    where s.schemaname = $1
      and s.tablename = $2
      and s.attname = $3
      and not s.inherited
    order by seen.value::${column.type}`,
    [leaf.table.schema, leaf.table.name, column.name],
  );
  return rows.map((row) => row.value);
}

/**
 * A key of several columns needs all of them as a bound; what the statistics have is the first one's values. Ascending as
 * the table's own columns are compared, whose collation need not be that of a value as text.
 */
async function keysAt(
  session: Session,
  leaf: Leaf,
  columns: readonly KeyColumn[],
  values: readonly string[],
): Promise<readonly Key[]> {
  const names = columns.map(({ name }) => `t.${quote(name)}`);
  const rows = await session.query<{ key: Key }>(
    `select found.key
    from unnest($1::text[]) as bound (value)
    cross join lateral (
      select ${keyText(columns)} as key, ${names.map((name, i) => `${name} as k${i}`).join(', ')}
      from only ${quoteTable(leaf.table)} as t
      where ${names[0]} >= bound.value::${columns[0]?.type}
      order by ${names.join(', ')}
      limit 1
    ) as found
    order by ${names.map((_, i) => `found.k${i}`).join(', ')}`,
    [values],
  );
  return rows.map((row) => row.key).filter((key, i, all) => key.join('\0') !== all[i - 1]?.join('\0'));
}

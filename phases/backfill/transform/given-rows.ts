import { quote, quoteTable } from '#core/identifier';
import { MARKER } from '../../expand/marker.js';
import type { BatchTarget } from '../batch.js';
import { type GivenColumn, givenColumns, isInJson } from './given-columns.js';

/** What stands between fence and ledger where a transform gives the rows; two shapes, as for any batch. */
export interface GivenRows {
  readonly direct: readonly string[];
  readonly careful: readonly string[];
}

/**
 * The rows come with the address and the xmin that they were read with. Both together name one version of a row, and that
 * version was pending when it was read: so whether it still is need not be asked, and must not be, since the planner would then
 * find the rows by the index of pending ones, all of them for each batch. A column that is not NULL was given by the
 * application, and stays.
 *
 * What the application wrote since the read is another version, and is not overwritten. Where it is written at the same
 * time, the update waits; READ COMMITTED then either updates the version that is still the newest (the other one rolled
 * back, or only locked the row), or evaluates the condition again over the new version (EvalPlanQual). Servers of before
 * September 2025 do not evaluate again what a TID scan looks for, but always the conditions of a join: hence xmin as one.
 *
 * By address first (a TID scan of an array), by row afterwards (a hash join): joined by address alone, a table without
 * statistics would be read as a whole, and a nested loop would search the array again for each row.
 */
export function givenRows({ backfill, leaf, access }: BatchTarget): GivenRows | null {
  if (backfill.kind !== 'synced' || backfill.transform === undefined) return null;
  const columns = givenColumns(backfill.transform.write);
  const [table, marker] = [quoteTable(leaf), quote(backfill.marker)];
  const set = columns.map((column) => {
    const [name, value] = [quote(column.name), `given.${column.value}`];
    return `${name} = case when t.${marker} = '${MARKER.stale}' then ${value} else coalesce(t.${name}, ${value}) end`;
  });
  const given = rowsFrom(columns, access.kind === 'keys' ? 8 : 7);
  const moved = (from: 'given' | 'same') => `moved as (
  update ${table} as t
  set ${[...set, `${marker} = '${MARKER.backfilled}'`].join(',\n    ')}
  from given
  where t.ctid = any (array(select tid from ${from}))
    and t.ctid = given.tid
    and t.xmin = given.xmin
    and exists (select from fence)
  returning 1
)`;
  return {
    direct: [given, moved('given'), counted('given')],
    careful: [given, picked(table), SAME, moved('same'), counted('same')],
  };
}

/** Addresses in $6; versions, values and what is JSON as parameters from `first` on. */
function rowsFrom(columns: readonly GivenColumn[], first: number): string {
  const arrays = columns.filter((column) => !isInJson(column));
  const values = arrays.map(({ element }, i) => `pg_catalog.unnest($${first + 1 + i}::${element}[])`);
  const typed = columns.filter(isInJson).map(({ value, type }) => `${value} ${type}`);
  const json = `pg_catalog.json_to_recordset($${first + 1 + arrays.length}::json) as (${typed.join(', ')})`;
  const rows = ['pg_catalog.unnest($6::tid[])', `pg_catalog.unnest($${first}::xid[])`];
  const sources = [...rows, ...values, ...(typed.length > 0 ? [json] : [])];
  return `given as materialized (
  select *
  from rows from (
    ${sources.join(',\n    ')}
  ) as v (tid, xmin${arrays.map(({ value }) => `, ${value}`).join('')})
)`;
}

/** Waits for nobody. A row that changed meanwhile is locked too, as its new version, and then is not the same. */
function picked(table: string): string {
  return `picked as materialized (
  select t.ctid as tid, t.xmin as xmin
  from ${table} as t
  where t.ctid = any (array(select tid from given))
    and exists (select from fence)
  for no key update skip locked
)`;
}

const SAME = `same as materialized (
  select given.tid
  from given
  join picked on picked.tid = given.tid and picked.xmin = given.xmin
)`;

/** Only rows that were locked first, and then not updated, are known to have been kept by a trigger that returned NULL. */
function counted(locked: 'given' | 'same'): string {
  const rows = (name: string) => `(select count(*)::integer as rows from ${name})`;
  return locked === 'same'
    ? `counted as (
  select m.rows, g.rows - s.rows as locked, s.rows - m.rows as suppressed
  from ${rows('moved')} as m
  cross join ${rows('same')} as s
  cross join ${rows('given')} as g
)`
    : `counted as (
  select m.rows, g.rows - m.rows as locked, 0 as suppressed
  from ${rows('moved')} as m
  cross join ${rows('given')} as g
)`;
}

import { quote, quoteTable } from '#core/identifier';
import { MARKER, waitsText } from '../../expand/marker.js';
import type { BatchTarget } from '../batch.js';

/**
 * What stands between fence and ledger where a transform gives the rows: they come in $6 as JSON, with the address and the
 * xmin that they were read with. Both together name one version of a row: what the application wrote since is another one,
 * and is not overwritten. A column that is not NULL in a pending row was given by the application, and stays.
 *
 * By address first (a TID scan), by row afterwards: joined in one step, a small table without statistics would be read as
 * a whole.
 */
export function givenRows({ backfill, leaf }: BatchTarget): readonly string[] | null {
  if (backfill.kind !== 'synced' || backfill.transform === undefined) return null;
  const { write } = backfill.transform;
  const [table, marker] = [quoteTable(leaf), quote(backfill.marker)];
  const types = write.map((column, i) => `, ${valueName(i)} ${column.type}`).join('');
  const values = write.map((_, i) => `, v.${valueName(i)}`).join('');
  const set = write.map(({ name }, i) => {
    const [kept, given] = [`t.${quote(name)}`, `same.${valueName(i)}`];
    return `${quote(name)} = case when t.${marker} = '${MARKER.stale}' then ${given} else coalesce(${kept}, ${given}) end`;
  });
  return [
    `given as materialized (
  select v.tid::tid as tid, v.xmin::xid as xmin${values}
  from json_to_recordset($6::json) as v (tid text, xmin text${types})
)`,
    `picked as materialized (
  select t.ctid as tid, t.xmin as xmin
  from ${table} as t
  where t.ctid = any (array(select tid from given))
    and ${waitsText(backfill.marker, 't.')}
    and exists (select from fence)
  for no key update skip locked
)`,
    `same as materialized (
  select given.*
  from given
  join picked on picked.tid = given.tid and picked.xmin = given.xmin
)`,
    `moved as (
  update ${table} as t
  set ${[...set, `${marker} = 'd'`].join(',\n    ')}
  from same
  where t.ctid = any (array(select tid from same))
    and t.ctid = same.tid
    and ${waitsText(backfill.marker, 't.')}
  returning 1
)`,
    `counted as (
  select
    m.rows,
    (select count(*) from given)::integer - s.rows as locked,
    s.rows - m.rows as suppressed
  from (select count(*)::integer as rows from moved) as m
  cross join (select count(*)::integer as rows from same) as s
)`,
  ];
}

/** Not the column's own name: one may be called `tid`. */
export function valueName(index: number): string {
  return `value_${index}`;
}

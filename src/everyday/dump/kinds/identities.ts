import type { Reading } from '../object.js';
import { SEQUENCE_BOUNDS, SEQUENCE_OPTIONS } from './sequences.js';

export interface Identity {
  /** `GENERATED … AS IDENTITY` with what differs from the defaults. */
  readonly text: string;
}

interface Row extends Record<string, unknown> {
  readonly relation: number;
  readonly column: string;
  readonly text: string;
}

/** By relation, then by the column's bare name. */
export async function readIdentities(
  { session }: Reading,
  relations: readonly number[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, Identity>>> {
  const found = new Map<number, Map<string, Identity>>();
  for (const { relation, column, text } of await session.query<Row>(IDENTITIES, [relations])) {
    const columns = found.get(relation) ?? new Map<string, Identity>();
    found.set(relation, columns.set(column, { text }));
  }
  return found;
}

const IDENTITIES = `
select a.attrelid::int8 as relation, a.attname::text as column,
  concat('GENERATED ', case a.attidentity when 'a' then 'ALWAYS' else 'BY DEFAULT' end, ' AS IDENTITY',
    ' (' || nullif(ltrim(concat(
      case when s.relnamespace <> t.relnamespace or s.relname <> t.relname || '_' || a.attname || '_seq'
        then format('SEQUENCE NAME %I.%I', n.nspname, s.relname) end,
      ${SEQUENCE_OPTIONS})), '') || ')') as text
from pg_attribute a
join pg_class t on t.oid = a.attrelid
join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
  and d.classid = 'pg_class'::regclass and d.deptype = 'i'
join pg_class s on s.oid = d.objid and s.relkind = 'S'
join pg_namespace n on n.oid = s.relnamespace
join pg_sequence q on q.seqrelid = s.oid
cross join ${SEQUENCE_BOUNDS}
where a.attrelid = any($1::oid[])
and a.attidentity <> ''`;

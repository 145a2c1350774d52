import { type Address, address, type Reading } from '../object.js';

/** NOT NULL as a constraint with a name of its own: since version 18. */
export interface NotNull {
  readonly address: Address;
  /** Quoted; null: the name that the server gives by itself. */
  readonly name: string | null;
  readonly fullName: string;
  readonly definition: string;
  readonly valid: boolean;
  readonly local: boolean;
  readonly noInherit: boolean;
}

interface Row extends Omit<NotNull, 'address'>, Record<string, unknown> {
  readonly oid: number;
  readonly relation: number;
  readonly column: string;
}

/** By relation, then by the column's bare name. Empty before version 18. */
export async function readNotNulls(
  { session, version }: Reading,
  relations: readonly number[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, NotNull>>> {
  const found = new Map<number, Map<string, NotNull>>();
  if (version < 180000) return found;
  for (const { oid, relation, column, ...constraint } of await session.query<Row>(NOT_NULLS, [relations])) {
    const columns = found.get(relation) ?? new Map<string, NotNull>();
    const row = { ...constraint, address: address('pg_constraint', oid) };
    found.set(relation, columns.set(column, row));
  }
  return found;
}

const NOT_NULLS = `
select k.oid::int8 as oid, k.conrelid::int8 as relation, a.attname::text as column,
  case when k.conname <> c.relname || '_' || a.attname || '_not_null' then quote_ident(k.conname) end as name,
  quote_ident(k.conname) as "fullName",
  pg_get_constraintdef(k.oid) as definition,
  k.convalidated as valid,
  k.conislocal as local,
  k.connoinherit as "noInherit"
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
where k.conrelid = any($1::oid[])
and k.contype = 'n'`;

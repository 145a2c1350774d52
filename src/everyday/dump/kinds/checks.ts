import { type Address, address, type Reading } from '../object.js';
import { append } from '../order.js';

/** A CHECK constraint of a table. */
export interface Check {
  readonly address: Address;
  /** Quoted. */
  readonly name: string;
  readonly definition: string;
  readonly valid: boolean;
  /** Said of this table, and not of a parent alone. */
  readonly local: boolean;
  /** Validated, while a parent's is not: the child was made later. */
  readonly validatedAlone: boolean;
}

interface Row extends Omit<Check, 'address'>, Record<string, unknown> {
  readonly oid: number;
  readonly relation: number;
}

/** By relation. */
export async function readChecks({ session, oids }: Reading): Promise<ReadonlyMap<number, readonly Check[]>> {
  const rows = await session.query<Row>(CHECKS, [oids('pg_constraint')]);
  const checks = new Map<number, Check[]>();
  for (const { oid, relation, ...check } of rows)
    append(checks, relation, { ...check, address: address('pg_constraint', oid) });
  return checks;
}

/** One that is NOT ENFORCED (version 18) is never validated either, and CREATE TABLE takes it as it is. */
const CHECKS = `
select k.oid::int8 as oid, k.conrelid::int8 as relation, quote_ident(k.conname) as name,
  pg_get_constraintdef(k.oid) as definition,
  k.convalidated or not coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) as valid,
  k.conislocal as local,
  k.convalidated and exists (
    select from pg_inherits i join pg_constraint p on p.conrelid = i.inhparent
    where i.inhrelid = k.conrelid and p.conname = k.conname and p.contype = 'c' and not p.convalidated
  ) as "validatedAlone"
from pg_constraint k
where k.oid = any($1::oid[])
and k.contype = 'c'
and k.conrelid <> 0
order by k.conname collate "C"`;

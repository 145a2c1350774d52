import type { Session } from '#ports';
import { type Address, address } from './object.js';
import { append, type Dependencies } from './order.js';

interface Row extends Record<string, unknown> {
  readonly catalogue: string;
  readonly oid: number;
  readonly onCatalogue: string;
  readonly onOid: number;
  /** `i` internal, `e` member of an extension, `n` normal, `a` goes with it. */
  readonly type: string;
}

/** `pg_depend` among what users made. */
export async function readDependencies(session: Session): Promise<Dependencies> {
  const rows = await session.query<Row>(DEPENDENCIES);
  const of = new Map<Address, Address[]>();
  const [partOf, memberOf] = [new Map<Address, Address>(), new Map<Address, Address>()];
  for (const row of rows) {
    const from = address(row.catalogue, row.oid);
    const to = address(row.onCatalogue, row.onOid);
    append(of, from, to);
    if (row.type === 'i') partOf.set(from, to);
    if (row.type === 'e') memberOf.set(from, to);
  }
  return {
    of: (from) => of.get(from) ?? [],
    partOf: (part) => partOf.get(part),
    memberOf: (member) => memberOf.get(member),
  };
}

/**
 * The server keeps nothing about the objects of initdb. An index of a partition depends on its parent's (P, S) only because
 * it was attached, and attaching is a statement of its own.
 */
const DEPENDENCIES = `
select distinct d.classid::regclass::text as catalogue, d.objid::int8 as oid,
  d.refclassid::regclass::text as "onCatalogue", d.refobjid::int8 as "onOid", d.deptype::text as type
from pg_depend d
where d.objid >= 16384
and d.refobjid >= 16384
and d.deptype in ('n', 'a', 'i', 'e')`;

import type { TableFacts } from '#core/catalogue-facts';
import type { Session } from '#ports';

type ColumnGrant = TableFacts['columnGrants'][number];

/** Roles that may insert or update, wholly or in some columns; `PUBLIC` for everybody. Without any grant: the owner. */
export async function readWriters(tx: Session, oid: number): Promise<readonly string[]> {
  const rows = await tx.query<{ readonly role: string }>(
    `select distinct case when x.grantee = 0 then 'PUBLIC' else pg_get_userbyid(x.grantee)::text end as role
     from pg_class c
     cross join lateral (
       select g.grantee, g.privilege_type
       from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
       union all
       select g.grantee, g.privilege_type
       from pg_attribute a
       cross join lateral aclexplode(a.attacl) g
       where a.attrelid = c.oid
       and not a.attisdropped
     ) x
     where c.oid = $1
     and x.privilege_type in ('INSERT', 'UPDATE')
     order by role`,
    [oid],
  );
  return rows.map(({ role }) => role);
}

/** Grants on single columns: a new column does not inherit them. */
export async function readColumnGrants(tx: Session, oid: number): Promise<readonly ColumnGrant[]> {
  return tx.query<ColumnGrant & Readonly<Record<string, unknown>>>(
    `select a.attname::text as column,
       case when g.grantee = 0 then 'PUBLIC' else pg_get_userbyid(g.grantee)::text end as grantee,
       g.privilege_type as privilege,
       g.is_grantable as grantable
     from pg_attribute a
     cross join lateral aclexplode(a.attacl) g
     where a.attrelid = $1
     and a.attnum > 0
     and not a.attisdropped
     order by a.attnum, grantee, privilege`,
    [oid],
  );
}

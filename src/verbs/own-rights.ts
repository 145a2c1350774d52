/** What is told where the role may not read what Bellows keeps: who grants it what. */
import { BellowsError } from '#core/errors';
import { quote } from '#core/identifier';
import { sqlstateOf } from '#core/sqlstate';
import type { Database } from '#ports';

/** The role may not look into schema "bellows", or not at all of its tables. */
export class OwnRightsError extends BellowsError {
  constructor({ role, database, owner, enters, hidden }: Rights) {
    const to = quote(role);
    const grant = `grant usage on schema bellows to ${to}; grant select on all tables in schema bellows to ${to};`;
    const lacks = enters ? `SELECT on ${hidden.join(', ')}` : 'USAGE on the schema';
    super(
      'BELLOWS_SCHEMA_RIGHTS',
      {
        what: `Role "${role}" may not read the schema "bellows" in database "${database}".`,
        why: `What was migrated and what is under way stands there, and the role lacks ${lacks}.`,
        left: 'Nothing was changed.',
        next: `As "${owner}", once: ${grant}`,
      },
      { role, database, owner, grant },
    );
  }
}

interface Rights extends Readonly<Record<string, unknown>> {
  readonly role: string;
  readonly database: string;
  readonly owner: string;
  readonly enters: boolean;
  /** Tables that it may not read. */
  readonly hidden: readonly string[];
}

/** The catalogue itself is everybody's to read. */
const RIGHTS = `
select
  current_user::text as role,
  current_database()::text as database,
  pg_get_userbyid(n.nspowner)::text as owner,
  has_schema_privilege(n.oid, 'usage') as enters,
  array(
    select c.relname::text
    from pg_catalog.pg_class c
    where c.relnamespace = n.oid
      and c.relkind = 'r'
      and not has_table_privilege(c.oid, 'select')
    order by 1
  ) as hidden
from pg_catalog.pg_namespace n
where n.nspname = 'bellows'`;

/** Does `work`; where the server refuses it and the role may not read our own schema, that is what is told. */
export async function withOwnRights<R>(database: Database, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw sqlstateOf(error) === '42501' ? await explained(database, error) : error;
  }
}

async function explained(database: Database, error: unknown): Promise<unknown> {
  const [rights] = await database.query<Rights>(RIGHTS);
  const reads = rights === undefined || (rights.enters && rights.hidden.length === 0);
  return reads ? error : new OwnRightsError(rights);
}

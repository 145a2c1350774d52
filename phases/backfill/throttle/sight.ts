import type { Reading } from '#core/throttle';
import type { Session } from '#ports';
import { notApplicable } from './reading.js';

/** Without it the statistics views show other roles' sessions with nulls, which would look like an idle server. */
const SIGHT = `
select
  pg_has_role('pg_read_all_stats', 'usage') as sees,
  current_user::text as role`;

/** Null: this role sees what other sessions do. */
export async function blind(session: Session): Promise<Reading | null> {
  const [row] = await session.query<{ sees: boolean; role: string }>(SIGHT);
  if (row?.sees === true) return null;
  return notApplicable(
    `the role ${row?.role ?? ''} may not see other sessions`,
    `it may: grant pg_read_all_stats to ${row?.role ?? 'it'}`,
  );
}

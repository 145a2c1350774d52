import type { Context } from './context.js';
import type { PlainState } from './plain.js';

/**
 * Versions that another tool applied: from now on their files are known by what they are now, so that an edit is noticed. The
 * first to come records them; there is nothing to wait for.
 */
export async function adoptApplied({ database, actor }: Context, { files }: PlainState): Promise<void> {
  const found = files.filter(({ state, row }) => state === 'applied' && row === null).map(({ file }) => file);
  if (found.length === 0) return;
  await database.query(
    `with adopted as (
       insert into bellows.plain (version, migration, checksum, state, origin, applied_by)
       select version, migration, checksum, 'applied', 'adopted', $4
       from unnest($1::text[], $2::text[], $3::text[]) as f (version, migration, checksum)
       on conflict do nothing
       returning migration
     )
     insert into bellows.history (actor, migration, action)
     select $4, migration, 'sql_adopted'
     from adopted`,
    [
      found.map(({ version }) => version),
      found.map(({ id }) => id),
      found.map(({ checksum }) => checksum),
      actor,
    ],
  );
}

/** Users whose profiles become a table of their own, and how the tests tell that both say the same. */
import type pg from 'pg';
import { type Definition, defineMigration } from '#core/definition';
import { type CopyPlan, isCopy } from '#core/plan';
import { sql } from '#core/sql';
import { planCatchUp } from '#phases/backfill/catch-up';
import { count, walkAll } from './backfill-workshop.js';
import type { Staged } from './verify-stage.js';

export const TABLES = `
  create table users (id bigint primary key, bio text, age integer not null default 0, note text not null default '');
  create table profiles (user_id bigint primary key, bio text, born integer, seen timestamptz default now())`;

export const COPY: Definition = defineMigration({
  description: 'Profiles leave users',
  table: 'users',
  backfill: {
    copy: { into: 'profiles', key: { user_id: 'id' }, set: { bio: sql`upper(bio)`, born: sql`2000 - age` } },
  },
});

/** Only users with a bio have a profile. */
export const SOME: Definition = defineMigration({
  description: 'Profiles leave users',
  table: 'users',
  backfill: {
    copy: {
      into: 'profiles',
      key: { user_id: 'id' },
      set: { bio: sql`upper(bio)`, born: sql`2000 - age` },
      where: sql`bio is not null`,
    },
  },
});

/** Rows of either side that the other does not have, or has otherwise. Not the SQL of the product. */
export const different = (where = 'true') => `(
    select id as key, upper(bio) as bio, 2000 - age as born from users where ${where}
  ) as s
  full join profiles as p on p.user_id = s.key
  where s.key is null or p.user_id is null or (s.bio, s.born) is distinct from (p.bio, p.born)`;

export async function seed(app: pg.Client, rows: number): Promise<void> {
  await app.query(
    `insert into users select i, case when i % 3 = 0 then null else 'bio ' || i end, i % 90, repeat('x', 40) from generate_series(1, $1::integer) i`,
    [rows],
  );
  await app.query('analyze users');
}

export function copyOf({ run }: Staged): CopyPlan {
  const [first] = run.plan.backfills;
  if (!isCopy(first)) throw new Error('the plan has no copy');
  return first;
}

export function waiting(staged: Staged): Promise<number> {
  const { name } = copyOf(staged).waiting;
  return count(staged.shop.app, `bellows."${name}" where key_1 is not null`);
}

/** One pass over what waits, as the leader plans it and a worker walks it; the rest between two passes is cut short. */
export async function catchUp({ shop, run }: Staged): Promise<void> {
  await shop.database.query(`update bellows.ranges set planned_at = planned_at - interval '1 minute'`);
  await planCatchUp(shop.database, run, 0);
  await walkAll(shop, run);
}

export async function caughtUp(staged: Staged): Promise<void> {
  for (let pass = 0; (await waiting(staged)) > 0; pass += 1) {
    if (pass > 5) throw new Error('keys wait after five passes');
    await catchUp(staged);
  }
}

/** What the fault tests of copies share: users whose profiles become a table of their own, and what must hold in the end. */
import type pg from 'pg';
import { expect } from 'vitest';
import { until } from '../support/until.js';
import { type CopyWriters, seedBio } from './copy-writers.js';
import {
  createStage,
  expectNoGaps,
  leftovers,
  one,
  reaches,
  type Stage,
  type StageOptions,
} from './stage.js';

export const PROFILES = '20240103000000_profiles';
/** A dead worker's claim is taken over after ten seconds, and the catch-up goes by seconds. */
export const RECOVERY_MS = 60_000;

const FILE = `
import { defineMigration, dropColumn, sql } from 'pgbellows';

export default defineMigration({
  description: 'Profiles leave users',
  table: 'users',
  backfill: {
    copy: {
      into: 'profiles',
      key: { user_id: 'id' },
      set: { bio: sql\`upper(bio)\`, length: sql\`length(bio)\` },
      where: sql\`bio is not null\`,
    },
    triggers: 'fire',
  },
  contract: [dropColumn('bio')],
});
`;

export const createCopyStage = (options: StageOptions): Promise<Stage> =>
  createStage({ ...options, files: { [PROFILES]: FILE } });

/** The target notes in `fills` who inserted a row, in the same transaction: see `expectSoundCopies`. */
export async function createProfiles(client: pg.Client, rows: number): Promise<void> {
  await client.query(`
    create table users (id bigint primary key, bio text, note text not null default '');
    create table profiles (user_id bigint primary key, bio text not null, length integer);
    create table fills (id bigint not null, who text not null);
    create function note_fill() returns trigger language plpgsql as $$
    begin
      insert into public.fills values (new.user_id, current_setting('application_name'));
      return null;
    end $$;
    create trigger note_fill after insert on profiles for each row execute function note_fill()`);
  const bios = Array.from({ length: rows }, (_, i) => seedBio(i + 1));
  await client.query(
    'insert into users select id, bio from unnest($1::text[]) with ordinality as seeds (bio, id)',
    [bios],
  );
  await client.query('vacuum analyze users');
}

/** Rows of either side that the other does not have, or has otherwise. */
export const different = (client: pg.Client): Promise<number> =>
  one<number>(
    client,
    `select count(*)::integer as value
     from (select id, upper(bio) as bio, length(bio) as length from users where bio is not null) as u
     full join profiles p on p.user_id = u.id
     where u.id is null or p.user_id is null or (u.bio, u.length) is distinct from (p.bio, p.length)`,
  );

/**
 * Each batch of the walk and of its sweeps says of itself how many rows it copied, and the target which rows were inserted by
 * the very transaction of that batch: a row that was copied twice, or whose batch was lost without it, is seen.
 */
export async function expectSoundCopies(client: pg.Client): Promise<void> {
  const { rows } = await client.query(`
    with of_batch as (
      select xmin::text as batch, count(*) as rows, count(distinct id) as keys
      from fills
      group by xmin::text
    )
    select b.id, b.rows, f.rows as filled, f.keys
    from bellows.batches b
    join bellows.ranges r on r.id = b.range_id and r.leaf_table = 'users'
    left join of_batch f on f.batch = b.xmin::text
    where b.rows <> coalesce(f.rows, 0) or b.rows <> coalesce(f.keys, 0)
    union all
    select null, null, f.rows, f.keys
    from of_batch f
    where exists (select from fills where xmin::text = f.batch and who = 'bellows worker')
      and not exists (select from bellows.batches where xmin::text = f.batch)`);
  expect(rows).toEqual([]);
  const copied = `select count(*)::integer as value from fills where who = 'bellows worker'`;
  expect(await one<number>(client, copied)).toBeGreaterThan(1_000);
  await expectNoGaps(client);
}

/** Whether the copy trigger noted this key and nobody has caught up with it yet. */
export const waits = (client: pg.Client, id: number): Promise<boolean> =>
  one<boolean>(client, 'select exists (select from bellows.waiting_1_0 where key_1 = $1) as value', [id]);

/** Somebody holds a row of the target, so a write of its source is noted, and waits until `holder` is through. */
export async function noteOne(
  client: pg.Client,
  holder: pg.Client,
  writers: CopyWriters,
  id: number,
): Promise<void> {
  await client.query(`insert into users values ($1, 'early')`, [id]);
  await holder.query('begin');
  await holder.query('select from profiles where user_id = $1 for update', [id]);
  await client.query(`update users set bio = 'late' where id = $1`, [id]);
  writers.wrote(id, 'late');
  expect(await waits(client, id)).toBe(true);
}

/** The writers end; both tables come to say the same, nothing of what was written is lost, and only a person is waited for. */
export async function expectEqual(client: pg.Client, stage: Stage, writers: CopyWriters): Promise<void> {
  await writers.stop();
  expect(writers.written()).toBeGreaterThan(500);
  const wait = { timeoutMs: RECOVERY_MS, everyMs: 100 };
  await until(async () => (await different(client)) === 0, { ...wait, what: 'equal tables' });
  await writers.check(client);
  const shut = async () => {
    const { checks } = await stage.bellows.gate(PROFILES);
    return checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown');
  };
  await until(async () => (await shut()).every(({ check }) => check === 'approval'), wait);
}

/** Approves; `end` brings the run to its end. No copy is lost or changed by that. */
export async function expectDone(
  client: pg.Client,
  stage: Stage,
  end: () => Promise<unknown> = () => reaches(client, 'done', RECOVERY_MS, PROFILES),
): Promise<void> {
  const all = `select md5(string_agg(p::text, ',' order by user_id)) as value from profiles p`;
  const before = await one<string>(client, all);
  expect((await stage.bellows.approve(PROFILES, { reason: 'all agree' })).open).toBe(true);
  await end();
  expect(await one<string>(client, all)).toBe(before);
  await expectSoundCopies(client);
  expect(await leftovers(client)).toEqual([]);
}

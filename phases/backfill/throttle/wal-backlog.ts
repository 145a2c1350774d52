import type { Reading } from '#core/throttle';
import type { Session } from '#ports';
import { measured, short, worstOf } from './reading.js';
import { defineSignal } from './signal.js';

/** A slot that is `lost` keeps nothing any more; its consumer was broken before. */
const SLOTS = `
select
  slot_name as name,
  active,
  coalesce(wal_status = 'unreserved', false) as unreserved,
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 / 1073741824 as gigabytes,
  nullif(pg_size_bytes(current_setting('max_slot_wal_keep_size')), -1)::float8 / 1073741824 as kept
from pg_replication_slots
where wal_status is distinct from 'lost'
  and restart_lsn is not null
order by restart_lsn
limit 20`;

interface Slot extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly active: boolean;
  readonly unreserved: boolean;
  readonly gigabytes: number;
  /** max_slot_wal_keep_size; null: no limit. */
  readonly kept: number | null;
}

/**
 * Segments that were written and not archived. The archiver stays at a segment that fails, so that one says where it stands;
 * the name of a segment is timeline, log and number in hexadecimal.
 */
const ARCHIVE = `
with stands as (
  select
    case
      when last_failed_time is not null and last_failed_time >= coalesce(last_archived_time, '-infinity') then last_failed_wal
      else last_archived_wal
    end as segment,
    last_failed_time is not null and last_failed_time >= coalesce(last_archived_time, '-infinity') as failing
  from pg_stat_archiver
),
numbers as (
  select
    ('x' || substr(name, 9, 8))::bit(32)::bigint * (4294967296 / pg_size_bytes(current_setting('wal_segment_size')))
      + ('x' || substr(name, 17, 8))::bit(32)::bigint as number,
    which
  from stands
  cross join lateral (values ('at', stands.segment), ('written', pg_walfile_name(pg_current_wal_lsn()))) as v (which, name)
  where name ~ '^[0-9A-F]{24}'
)
select
  (max(number) filter (where which = 'written') - max(number) filter (where which = 'at'))::integer as segments,
  (select failing from stands) as failing
from numbers
where current_setting('archive_mode') <> 'off'`;

/** What the server must keep of its log because of a slot, or because it cannot be archived: it fills the disk. */
export const walBacklog = defineSignal({
  id: 'wal_backlog',
  defaultOn: true,
  limits: { gigabytes: 10, segments: 42 },
  open:
    () =>
    async ({ database, limits }) => {
      const slots = await database.query<Slot>(SLOTS);
      return worstOf(
        await archive(database, limits.segments),
        ...slots.map((slot) => slotReading(slot, limits.gigabytes)),
      );
    },
});

/** Half of what a slot may keep, where the server has a limit: beyond all of it the slot would be lost. */
function slotReading({ name, active, unreserved, gigabytes, kept }: Slot, most: number): Reading {
  const limit = kept === null ? most : Math.min(most, kept / 2);
  const idle = active ? '' : ', which nobody reads,';
  return measured({
    value: unreserved ? Math.max(gigabytes, limit) : gigabytes,
    limit,
    text: `slot ${name}${idle} keeps ${size(gigabytes)} of WAL (limit ${size(limit)})`,
    release: `slot ${name} keeps less than ${size(limit)}, or is dropped`,
  });
}

function size(gigabytes: number): string {
  return gigabytes < 1 ? `${Math.round(gigabytes * 1024)} MB` : `${short(gigabytes)} GB`;
}

async function archive(session: Session, limit: number): Promise<Reading> {
  const [row] = await session.query<{ segments: number | null; failing: boolean }>(ARCHIVE);
  const segments = row?.segments ?? 0;
  const why = row?.failing === true ? ', archiving fails' : '';
  return measured({
    value: segments,
    limit,
    text: `${segments} WAL segments wait to be archived${why} (limit ${limit})`,
    release: `fewer than ${limit} segments wait: see archive_command and the server's log`,
  });
}

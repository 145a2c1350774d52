import { randomUUID } from 'node:crypto';
import type { Database, Fence, Lease, Row } from '#ports';

/**
 * The right to lead, as a row. Times are the database's alone: clocks of hosts differ, and a stopped process has none.
 *
 * @param process how the holder is shown to others, `host/pid`
 * @param ttlMs how long a lease lasts without renewal, in milliseconds. Default: 10,000. Renew at a third of it.
 */
export function createLease(database: Database, process: string, ttlMs = 10_000): Lease {
  const holder = randomUUID();
  // A statement that waits longer than that would answer about a lease that has run out meanwhile.
  const write = async <R extends Row>(text: string, values: readonly unknown[]): Promise<R | undefined> =>
    database.transaction(
      { statementTimeoutMs: ttlMs / 2 },
      async (tx) => (await tx.query<R>(text, values))[0],
    );
  return {
    acquire: async () => {
      const row = await write<{ epoch: number }>(ACQUIRE, [holder, process, ttlMs]);
      return row === undefined ? null : { holder, epoch: row.epoch };
    },
    renew: async (fence) => (await write(RENEW, [fence.holder, fence.epoch, ttlMs])) !== undefined,
    release: async (fence) => void (await write(RELEASE, values(fence))),
    holder: async () => {
      const [row] = await database.query<{ process: string; epoch: number; expiresAt: string }>(HOLDER);
      return row ?? null;
    },
  };
}

const values = (fence: Fence): readonly unknown[] => [fence.holder, fence.epoch];

/** The same object may take it again: its older epoch is void with that. */
const ACQUIRE = `
update bellows.lease
set holder = $1,
  process = $2,
  epoch = epoch + 1,
  expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond',
  touched_at = clock_timestamp()
where name = 'leader'
and (holder is null or holder = $1 or expires_at <= clock_timestamp())
returning epoch`;

/** One that has run out is lost, also where nobody took it: fenced statements were refused meanwhile. */
const RENEW = `
update bellows.lease
set expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond',
  touched_at = clock_timestamp()
where name = 'leader'
and holder = $1
and epoch = $2
and expires_at > clock_timestamp()
returning epoch`;

const RELEASE = `
update bellows.lease
set holder = null,
  process = '',
  expires_at = '-infinity'
where name = 'leader'
and holder = $1
and epoch = $2
returning epoch`;

const HOLDER = `
select process, epoch, expires_at as "expiresAt"
from bellows.lease
where name = 'leader'
and holder is not null
and expires_at > clock_timestamp()`;

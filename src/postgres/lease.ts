import { randomUUID } from 'node:crypto';
import type { Database, Lease, Row } from '#ports';

/**
 * The right to lead, as a row. Times are the database's alone: clocks of hosts differ, and a stopped process has none.
 *
 * @param process how the holder is shown to others, `host/pid`
 * @param name whose right it is: the leader's, or that of running plain SQL migrations. Default: `leader`.
 * @param ttlMs how long a lease lasts without renewal, in milliseconds. Default: 10,000. Renew at a third of it.
 */
export function createLease(
  database: Database,
  process: string,
  { name = 'leader', ttlMs = 10_000 }: { readonly name?: 'leader' | 'plain'; readonly ttlMs?: number } = {},
): Lease {
  const holder = randomUUID();
  // A statement that waits longer than that would answer about a lease that has run out meanwhile.
  const write = async <R extends Row>(text: string, values: readonly unknown[]): Promise<R | undefined> =>
    database.transaction(
      { statementTimeoutMs: ttlMs / 2 },
      async (tx) => (await tx.query<R>(text, values))[0],
    );
  return {
    acquire: async () => {
      const row = await write<{ epoch: number }>(ACQUIRE, [name, holder, process, ttlMs]);
      return row === undefined ? null : { holder, epoch: row.epoch };
    },
    renew: async (fence) => (await write(RENEW, [name, fence.holder, fence.epoch, ttlMs])) !== undefined,
    release: async (fence) => void (await write(RELEASE, [name, fence.holder, fence.epoch])),
    holder: async () => {
      const [row] = await database.query<{ process: string; epoch: number; expiresAt: string }>(HOLDER, [
        name,
      ]);
      return row ?? null;
    },
  };
}

/** The same object may take it again: its older epoch is void with that. */
const ACQUIRE = `
update bellows.lease
set holder = $2,
  process = $3,
  epoch = epoch + 1,
  expires_at = clock_timestamp() + $4::float8 * interval '1 millisecond',
  touched_at = clock_timestamp()
where name = $1
and (holder is null or holder = $2 or expires_at <= clock_timestamp())
returning epoch`;

/** One that has run out is lost, also where nobody took it: fenced statements were refused meanwhile. */
const RENEW = `
update bellows.lease
set expires_at = clock_timestamp() + $4::float8 * interval '1 millisecond',
  touched_at = clock_timestamp()
where name = $1
and holder = $2
and epoch = $3
and expires_at > clock_timestamp()
returning epoch`;

const RELEASE = `
update bellows.lease
set holder = null,
  process = '',
  expires_at = '-infinity'
where name = $1
and holder = $2
and epoch = $3
returning epoch`;

const HOLDER = `
select process, epoch, expires_at as "expiresAt"
from bellows.lease
where name = $1
and holder is not null
and expires_at > clock_timestamp()`;

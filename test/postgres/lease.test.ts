import { expect, test } from 'vitest';
import type { Session } from '#ports';
import { installSchema } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const used = useDatabase();
const open = useOpen();

async function two(ttlMs?: number) {
  const db = open(used.url);
  await installSchema(db);
  const ttl = ttlMs === undefined ? {} : { ttlMs };
  return { db, a: createLease(db, 'a/1', ttl), b: createLease(db, 'b/2', ttl) };
}

async function now(db: Session): Promise<string> {
  const [row] = await db.query<{ now: string }>('select clock_timestamp() as now');
  return row?.now ?? '';
}

test('one holder at a time, out of many that try at once', async () => {
  const { db } = await two();
  const fences = await Promise.all(Array.from({ length: 20 }, (_, i) => createLease(db, `p/${i}`).acquire()));
  expect(fences.filter((fence) => fence !== null)).toHaveLength(1);
});

test('is free after a release, with a new epoch', async () => {
  const { a, b } = await two();
  const first = await a.acquire();
  expect(await b.acquire()).toBeNull();
  expect(await b.holder()).toMatchObject({ process: 'a/1', epoch: 1 });
  if (first === null) throw new Error('free, but not acquired');
  await a.release(first);
  expect(await b.holder()).toBeNull();
  expect(await b.acquire()).toMatchObject({ epoch: 2 });
  expect(await a.renew(first)).toBe(false);
  await a.release(first);
  expect(await a.holder()).toMatchObject({ process: 'b/2', epoch: 2 });
});

test('a holder that stands still loses it, and learns so', async () => {
  const { a, b } = await two(300);
  const old = await a.acquire();
  if (old === null) throw new Error('free, but not acquired');
  const young = await until(() => b.acquire(), { what: 'the lease to run out' });
  expect(young.epoch).toBe(old.epoch + 1);
  expect(await a.renew(old)).toBe(false);
});

test('renewing keeps it for longer than its first life', async () => {
  const { db, a, b } = await two(2_000);
  const fence = await a.acquire();
  if (fence === null) throw new Error('free, but not acquired');
  const first = (await a.holder())?.expiresAt ?? '';
  expect(await a.renew(fence)).toBe(true);
  expect(Date.parse((await a.holder())?.expiresAt ?? '')).toBeGreaterThan(Date.parse(first));
  await until(async () => {
    await a.renew(fence);
    return Date.parse(await now(db)) > Date.parse(first);
  });
  expect(await b.acquire()).toBeNull();
});

test('one that ran out is lost also where nobody took it', async () => {
  const { a } = await two(50);
  const fence = await a.acquire();
  if (fence === null) throw new Error('free, but not acquired');
  await until(async () => (await a.holder()) === null, { what: 'the lease to run out' });
  expect(await a.renew(fence)).toBe(false);
  expect(await a.acquire()).toMatchObject({ epoch: fence.epoch + 1 });
});

/** Each signal can be read on every server that is supported: none is taken for "not offered", which would hold nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notOffered } from '#phases/backfill/throttle/offered';
import { SIGNALS } from '#phases/backfill/throttle/signals';
import { MAJORS } from '#servers/binaries';
import type { TestDatabase } from '../support/database.js';
import { createDatabase } from '../support/database.js';
import { openWorkshop, startPlain, type Workshop } from './backfill-workshop.js';

const TABLE = { schema: 'public', name: 't' };

/** What has to be declared, so that there is something to read. */
const DECLARED = {
  active_sessions: { sessions: 1_000 },
  commit_latency: { milliseconds: 60_000, slowMilliseconds: 50_000 },
  standby_missing: { names: [] },
  window: { hours: ['00:00-24:00'] },
  http: { url: 'http://127.0.0.1:9/' },
} as const;

/** Without a standby of that name or an address that answers there is no reading of these. */
const UNREAD = ['standby_missing', 'http'];

describe.each(MAJORS)('on PostgreSQL %i', (major) => {
  let used: TestDatabase;
  let shop: Workshop;
  beforeAll(async () => {
    used = await createDatabase({ major });
    shop = await openWorkshop(used.url);
    await shop.app.query('create table t (id integer primary key, v text)');
  });
  afterAll(async () => {
    await shop?.close();
    await used?.drop();
  });

  it('every signal is read, and none of them holds an idle server', async () => {
    const run = await startPlain(shop, 't', { v: `'x'` }, 'v is null');
    const readings = await Promise.all(
      SIGNALS.filter(({ id }) => !UNREAD.includes(id)).map(async (signal) => {
        const declared = Object.entries(DECLARED).find(([id]) => id === signal.id)?.[1] ?? {};
        const reading = await signal.open()({
          database: shop.database,
          run: { id: run.id, migration: run.migration, table: TABLE },
          limits: {},
          declared,
          now: 0,
          failures: { inARow: 0, shortage: null, at: 0 },
        });
        return [signal.id, reading.verdict, typeof reading.utilisation];
      }),
    );
    expect(readings).toEqual(readings.map(([id]) => [id, 'go', 'number']));
    expect(readings).toHaveLength(SIGNALS.length - UNREAD.length);
  });

  it('plan has nothing to say of a server that offers all', async () => {
    const prospect = { database: shop.database, migration: 'm', table: TABLE, throttle: {}, installed: true };
    expect(await notOffered(prospect)).toEqual([]);
    await shop.app.query('create role nobody_sees');
    const seen = await shop.database.transaction({}, async (tx) => {
      await tx.query('set local role nobody_sees');
      const database = { ...shop.database, query: tx.query.bind(tx) } as typeof shop.database;
      return notOffered({ ...prospect, database, installed: false, throttle: { operator: false } });
    });
    await shop.app.query('drop role nobody_sees');
    expect(seen.map(({ signal, holds }) => [signal, holds])).toEqual([
      ['replication_lag', false],
      ['vacuum_horizon', false],
      ['autovacuum', false],
    ]);
  });
});

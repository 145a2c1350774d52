/** What holds for every signal: age, blindness, what was readable before. On a clock that the test turns. */
import { describe, expect, it } from 'vitest';
import type { Reading } from '#core/throttle';
import type { ReadSignal, Signal, ThrottledRun } from '#phases/backfill/throttle/signal';
import { createThrottle, type Throttle } from '#phases/backfill/throttle/throttle';
import type { ThrottleSettings } from '#ports';
import { startPlain, useWorkshop, type Workshop } from './backfill-workshop.js';

const open = useWorkshop();
const GO: Reading = { value: 1, limit: 10, verdict: 'go', utilisation: 0.1, text: 'well', release: 'never' };

function signal(read: ReadSignal, over: Partial<Signal> = {}): Signal {
  return { id: 'probe', defaultOn: true, apart: false, limits: {}, open: () => read, ...over };
}

interface Bench {
  readonly shop: Workshop;
  readonly run: ThrottledRun;
  tick(seconds: number): void;
  throttle(signals: readonly Signal[]): Throttle;
}

async function bench(throttle: ThrottleSettings = {}): Promise<Bench> {
  const shop = await open();
  await shop.app.query('create table t (id integer primary key, v text)');
  const run = await startPlain(shop, 't', { v: `'x'` }, 'v is null');
  await shop.app.query('update bellows.runs set pace = pace || $1', [JSON.stringify({ throttle })]);
  let now = 1_000_000;
  const clock = { now: () => now, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 300)) };
  return {
    shop,
    run: { id: run.id, migration: run.migration, table: { schema: 'public', name: 't' } },
    tick: (seconds) => {
      now += seconds * 1_000;
    },
    throttle: (signals) => createThrottle({ database: shop.database, clock, emit: shop.deps.emit, signals }),
  };
}

describe('a reading', () => {
  it('is good for 15 s, and not for longer', async () => {
    const { throttle, run, tick } = await bench();
    let answers = true;
    const silent = signal(() => (answers ? Promise.resolve(GO) : new Promise(() => undefined)));
    const looks = throttle([silent]);
    expect(await looks.check(run)).toEqual([]);
    answers = false;
    tick(14);
    expect(await looks.check(run)).toEqual([]);
    tick(2);
    expect(await looks.check(run)).toMatchObject([
      {
        signal: 'probe',
        value: null,
        limit: 15,
        text: 'probe: the newest reading is 16 s old (limit 15 s)',
        release: 'it can be read again',
      },
    ]);
  });

  it('that never came holds', async () => {
    const { throttle, run } = await bench();
    const looks = throttle([signal(() => new Promise(() => undefined), { apart: true })]);
    expect(await looks.check(run)).toMatchObject([{ text: expect.stringMatching(/not read yet/) }]);
  });

  it('goes stale beside others that go on', async () => {
    const { throttle, run, tick } = await bench();
    let answers = true;
    const slow = signal(() => (answers ? Promise.resolve(GO) : new Promise(() => undefined)), {
      id: 'slow',
      apart: true,
    });
    const looks = throttle([signal(async () => GO), slow]);
    expect(await looks.check(run)).toEqual([]);
    answers = false;
    tick(10);
    expect(await looks.check(run)).toEqual([]);
    tick(6);
    expect((await looks.check(run)).map((hold) => hold.signal)).toEqual(['slow']);
  });
});

describe('what cannot be read', () => {
  const missing: ReadSignal = async ({ database }) => {
    await database.query('select * from bellows.no_such_view');
    return GO;
  };

  it('is not applicable where the server never offered it, and holds nothing', async () => {
    const { throttle, run } = await bench();
    const looks = throttle([signal(missing)]);
    expect(await looks.check(run)).toEqual([]);
    expect(looks.readings(run.id).get('probe')).toMatchObject({ verdict: 'n/a' });
  });

  it('holds where it was declared', async () => {
    const { throttle, run } = await bench({ probe: { limit: 5 } });
    expect(await throttle([signal(missing)]).check(run)).toMatchObject([
      { text: expect.stringMatching(/^probe: declared, and/) },
    ]);
  });

  it('holds where it was readable before, also for a process that never read it', async () => {
    const { throttle, run } = await bench();
    expect(await throttle([signal(async () => GO)]).check(run)).toEqual([]);
    const after = throttle([signal(missing)]);
    expect(await after.check(run)).toMatchObject([
      { text: expect.stringMatching(/^probe: was readable before, and now/) },
    ]);
  });

  it('holds for any other error, and lets go by itself', async () => {
    const { throttle, run, tick } = await bench();
    let broken = true;
    const looks = throttle([
      signal(async ({ database }) => {
        await database.query(`select 1 / $1::integer`, [broken ? 0 : 1]);
        return GO;
      }),
    ]);
    expect(await looks.check(run)).toMatchObject([{ signal: 'probe', value: null }]);
    broken = false;
    tick(1);
    expect(await looks.check(run)).toEqual([]);
  });
});

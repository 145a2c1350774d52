import { describe, expect, it } from 'vitest';
import { Latencies, percentiles } from '#demo/latency';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('percentiles', () => {
  it('are latencies that were measured', () => {
    expect(percentiles(upTo(200).reverse())).toEqual({
      requests: 200,
      p50: 100,
      p95: 190,
      p99: 198,
      max: 200,
    });
  });

  it('of one request are that request, and of none unknown', () => {
    expect(percentiles([7])).toEqual({ requests: 1, p50: 7, p95: 7, p99: 7, max: 7 });
    expect(percentiles([])).toEqual({ requests: 0, p50: null, p95: null, p99: null, max: null });
  });
});

describe('Latencies', () => {
  it('keeps apart what was due at different times, and counts equal errors together', () => {
    const seen = new Latencies();
    seen.add([{ at: 10, ms: 1 }], ['app/1 read: 42703']);
    seen.add([{ at: 20, ms: 5 }], ['app/2 read: 42703', 'app/1 read: 42703']);
    expect(seen.between(10, 20)).toMatchObject({ requests: 1, max: 1 });
    expect(seen.between(20, 30)).toMatchObject({ requests: 1, max: 5 });
    expect([seen.requests, seen.errors]).toEqual([2, 3]);
    expect(seen.errorCounts).toEqual([
      { what: 'app/1 read: 42703', times: 2 },
      { what: 'app/2 read: 42703', times: 1 },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { afterBatch, afterTimeout, DEFAULT_LIMITS, type Pace, startPace } from '#core/pace';

/** A server on which a block costs `msPerBlock`, with the given relative noise. */
function simulate(start: Pace, msPerBlock: (batch: number) => number, batches: number): readonly Pace[] {
  const paces = [start];
  for (let i = 0; i < batches; i += 1) {
    const pace = paces[paces.length - 1] as Pace;
    paces.push(afterBatch(pace, pace.blocks * msPerBlock(i), DEFAULT_LIMITS));
  }
  return paces;
}

describe('the size of a batch', () => {
  it('comes near its target within 40 batches from far too small, and stays', () => {
    const paces = simulate(startPace(2), () => 0.5, 80);
    for (const pace of paces.slice(40)) expect(pace.blocks * 0.5).toBeGreaterThan(50);
    for (const pace of paces.slice(40)) expect(pace.blocks * 0.5).toBeLessThan(151);
  });

  it('is divided by ten by one batch over five times the target', () => {
    expect(afterBatch(startPace(1000), 501, DEFAULT_LIMITS).blocks).toBe(100);
  });

  it('shrinks at once when a batch is well over the target', () => {
    expect(afterBatch(startPace(1000), 200, DEFAULT_LIMITS).blocks).toBe(500);
  });

  it('never grows by more than half at a step', () => {
    const paces = simulate(startPace(1), () => 0.0001, 60);
    for (const [i, pace] of paces.entries()) {
      if (i > 0) expect(pace.blocks).toBeLessThanOrEqual(Math.ceil((paces[i - 1] as Pace).blocks * 1.5));
    }
  });

  it('halves on a timeout and never leaves its bounds', () => {
    expect(afterTimeout(startPace(10), DEFAULT_LIMITS).blocks).toBe(5);
    expect(afterTimeout(startPace(1), DEFAULT_LIMITS).blocks).toBe(1);
    expect(startPace(1e9).blocks).toBe(DEFAULT_LIMITS.maxBlocks);
  });

  it('follows a server that becomes ten times slower within a few batches', () => {
    const paces = simulate(startPace(200), (i) => (i < 20 ? 0.5 : 5), 40);
    expect((paces[paces.length - 1] as Pace).blocks * 5).toBeLessThan(151);
  });
});

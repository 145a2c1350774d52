/** The controller on models of a server: what it does for any seed, and not only on a good day. */
import { describe, expect, it } from 'vitest';
import { type Steering, startSteering, steer } from '#core/steering';

/** mulberry32: small, seeded, good enough to shake a controller. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);
const CEILING = 8;

interface Server {
  /** Utilisation without us, at a second. */
  readonly load: (second: number) => number;
  /** What each of our workers adds; resting ones add less. */
  readonly each: number;
  /** 0.1: readings are up to 10 % off. */
  readonly noise: number;
  /** Whether the reading of a second is missing. */
  readonly blind?: (second: number) => boolean;
}

/** One reading a second; the state after each. */
function drive(server: Server, seconds: number, seed: number, from = startSteering(1)): readonly Steering[] {
  const next = random(seed);
  const states: Steering[] = [];
  let state = from;
  for (let second = 0; second < seconds; second += 1) {
    const own = (server.each * state.level) / (1 + state.rest);
    const exact = server.load(second) + own;
    const utilisation =
      server.blind?.(second) === true ? null : exact * (1 + server.noise * (2 * next() - 1));
    state = steer(state, { at: second * 1_000, utilisation }, CEILING);
    states.push(state);
  }
  return states;
}

/** How often it began to go up after it had gone down. */
function turns(states: readonly Steering[]): number {
  const steps = states.flatMap(({ level }, i) => Math.sign(level - (states[i - 1]?.level ?? level)) || []);
  return steps.filter((step, i) => step > 0 && (steps[i - 1] ?? -1) < 0).length;
}

function upwards(states: readonly Steering[]): number {
  return states.filter((state, i) => i > 0 && state.level > (states[i - 1]?.level ?? 0)).length;
}

describe('steering', () => {
  it('reaches the ceiling of an idle server within half a minute, one more at a time', () => {
    const states = drive({ load: () => 0.01, each: 0.02, noise: 0.1 }, 40, 1);
    expect(states.findIndex(({ level }) => level === CEILING)).toBeLessThan(30);
    for (const [i, { level }] of states.entries()) {
      if (i > 0) expect(level - (states[i - 1]?.level ?? 0)).toBeLessThanOrEqual(1);
    }
  });

  it('comes to rest on any server, and then stays: at most one try a minute, whatever the noise', () => {
    for (const seed of SEEDS) {
      const next = random(seed);
      const server = { load: () => load, each: 0.05 + next() * 0.3, noise: next() * 0.25 };
      const load = next() * 0.5;
      const states = drive(server, 660, seed);
      const settled = states.slice(60);
      expect(upwards(settled), `seed ${seed}`).toBeLessThanOrEqual(10);
      const levels = settled.map(({ level }) => level);
      expect(Math.max(...levels) - Math.min(...levels), `seed ${seed}`).toBeLessThanOrEqual(2);
    }
  });

  it('halves at the stopping point at once, and never goes below one', () => {
    const full = drive({ load: () => 0, each: 0.01, noise: 0 }, 60, 1).at(-1) ?? startSteering(1);
    expect(full.level).toBe(CEILING);
    let state = full;
    const levels: number[] = [];
    for (let second = 61; second < 75; second += 1) {
      state = steer(state, { at: second * 1_000, utilisation: 1.4 }, CEILING);
      levels.push(state.level);
    }
    expect(levels.slice(0, 6)).toEqual([4, 4, 2, 2, 1, 1]);
    expect(state).toMatchObject({ level: 1, rest: 4 });
  });

  it('sheds on a ramp before the stopping point, and comes back by itself', () => {
    const ramp = (second: number) =>
      second < 60 ? 0 : second < 180 ? Math.min(0.6, (second - 60) / 100) : 0;
    const states = drive({ load: ramp, each: 0.06, noise: 0.05 }, 480, 7);
    expect(states[59]?.level).toBeGreaterThanOrEqual(5);
    expect(states[170]?.level).toBeLessThanOrEqual(2);
    expect(states.at(-1)?.level).toBeGreaterThanOrEqual(5);
  });

  it('takes no missing reading for a reason to grow, and changes nothing on it', () => {
    for (const seed of SEEDS) {
      const next = random(seed);
      const missing = Array.from({ length: 300 }, () => next() < 0.5);
      const states = drive(
        { load: () => 0.1, each: 0.02, noise: 0.2, blind: (s) => missing[s] === true },
        300,
        seed,
      );
      for (const [i, state] of states.entries()) {
        if (i > 0 && missing[i] === true) expect(state.level).toBe(states[i - 1]?.level);
      }
    }
    expect(drive({ load: () => 0, each: 0, noise: 0, blind: () => true }, 600, 1).at(-1)).toEqual(
      startSteering(1),
    );
  });

  it('is not driven to and fro by a signal that flaps', () => {
    for (const period of [2, 3, 5, 8, 13, 20, 40]) {
      const flapping = (second: number) => (Math.floor(second / period) % 2 === 0 ? 0.05 : 1.2);
      const states = drive({ load: flapping, each: 0.01, noise: 0 }, 900, 1, { ...startSteering(4) });
      expect(turns(states), `period ${period}`).toBeLessThanOrEqual(12);
    }
  });

  it('stays within its bounds, and keeps the rest for a lone worker, for any readings', () => {
    for (const seed of SEEDS) {
      const next = random(seed);
      let state = startSteering(1 + Math.floor(next() * 20));
      for (let second = 0; second < 200; second += 1) {
        const ceiling = 1 + Math.floor(next() * 8);
        const utilisation = next() < 0.1 ? null : next() * 2;
        state = steer(state, { at: second * 1_000 * next(), utilisation }, ceiling);
        expect(state.level).toBeGreaterThanOrEqual(1);
        expect(state.level).toBeLessThanOrEqual(ceiling);
        expect(state.rest).toBeGreaterThanOrEqual(0);
        expect(state.rest).toBeLessThanOrEqual(4);
        if (state.level > 1 && utilisation !== null) expect(state.rest).toBe(0);
      }
    }
  });
});

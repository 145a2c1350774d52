/**
 * The shapes side by side: the table is cut into slices, each round gives one to every shape in an order of chance. So all
 * shapes see the same minutes of the machine and the same state of the table.
 */
import type { Client } from 'pg';
import { type CpuTimes, cpuBetween, cpuTimes } from './cpu.js';
import { median } from './figures.js';
import type { Shape, ShapeName, Slice } from './shapes.js';

export interface Sample {
  readonly round: number;
  readonly shape: ShapeName;
  readonly rows: number;
  readonly milliseconds: number;
  readonly cpuMs: number;
}

/** Throws where a shape did not move every row of its slice: then its figure would mean nothing. */
export async function measureSlices(
  client: Client,
  shapes: readonly Shape[],
  slices: readonly Slice[],
  told: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const rounds = Math.floor(slices.length / shapes.length);
  for (let round = 0; round < rounds; round += 1) {
    const order = shuffled(shapes);
    for (const [i, shape] of order.entries()) {
      const slice = slices[round * shapes.length + i];
      if (slice === undefined) continue;
      const sample = await measure(client, shape, slice, round);
      samples.push(sample);
      told(sample);
    }
  }
  return samples;
}

async function measure(client: Client, shape: Shape, slice: Slice, round: number): Promise<Sample> {
  await shape.prepare(slice);
  const before: CpuTimes = await cpuTimes(client, shape.sessions);
  const began = performance.now();
  const rows = await shape.move(slice);
  const milliseconds = performance.now() - began;
  const cpuMs = cpuBetween(before, await cpuTimes(client, shape.sessions));
  if (rows !== slice.rows) throw new Error(`${shape.name} moved ${rows} of ${slice.rows} rows`);
  return { round, shape: shape.name, rows, milliseconds, cpuMs };
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export interface ShapeFigures {
  readonly shape: ShapeName;
  readonly rowsPerSecond: number;
  /** Of the slices: the slowest and the fastest. */
  readonly slowest: number;
  readonly fastest: number;
  readonly cpuMicrosPerRow: number;
}

export function figuresOf(samples: readonly Sample[], shape: ShapeName): ShapeFigures {
  const ours = samples.filter((sample) => sample.shape === shape);
  const speeds = ours.map(speed);
  return {
    shape,
    rowsPerSecond: Math.round(median(speeds)),
    slowest: Math.round(Math.min(...speeds)),
    fastest: Math.round(Math.max(...speeds)),
    cpuMicrosPerRow: median(ours.map(({ cpuMs, rows }) => (cpuMs * 1_000) / rows)),
  };
}

export interface Ratio {
  /** Median over the rounds of Bellows' rows per second over the other's, in the same round. */
  readonly speed: number;
  readonly lowest: number;
  readonly highest: number;
  /** The other's processor time for a row over Bellows', by the medians. */
  readonly cpu: number;
}

export function ratioTo(samples: readonly Sample[], other: ShapeName): Ratio {
  const rounds = [...new Set(samples.map(({ round }) => round))];
  const of = (round: number, shape: ShapeName) =>
    samples.find((sample) => sample.round === round && sample.shape === shape);
  const ratios = rounds.flatMap((round) => {
    const [ours, theirs] = [of(round, 'bellows'), of(round, other)];
    return ours === undefined || theirs === undefined ? [] : [speed(ours) / speed(theirs)];
  });
  return {
    speed: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    cpu: figuresOf(samples, other).cpuMicrosPerRow / figuresOf(samples, 'bellows').cpuMicrosPerRow,
  };
}

function speed({ rows, milliseconds }: Sample): number {
  return (rows * 1_000) / milliseconds;
}

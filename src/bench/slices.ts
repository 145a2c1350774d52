/**
 * The shapes side by side: the table is cut into slices, each round gives one to every shape in an order of chance. So all
 * shapes see the same minutes of the machine and the same state of the table.
 */
import type { Client } from 'pg';
import { cpuBetween, cpuTimes } from './cpu.js';
import { median } from './figures.js';
import type { Figure, Target, Unit } from './result.js';
import type { Shape, Slice } from './shapes/shape.js';

export interface Sample {
  readonly round: number;
  readonly shape: string;
  readonly rows: number;
  readonly milliseconds: number;
  /** Of the backends that did it. */
  readonly cpuMs: number;
  readonly walBytes: number;
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

async function measure(client: Client, shape: Shape, whole: Slice, round: number): Promise<Sample> {
  const slice = narrowed(whole, shape.rowsAtMost ?? whole.rows);
  await shape.prepare(slice);
  const before = await cpuTimes(client, shape.sessions);
  const wal = await walPosition(client);
  const began = performance.now();
  const rows = await shape.move(slice);
  const milliseconds = performance.now() - began;
  const walBytes = (await walPosition(client)) - wal;
  const cpuMs = cpuBetween(before, await cpuTimes(client, shape.sessions));
  if (rows !== slice.rows) throw new Error(`${shape.name} moved ${rows} of ${slice.rows} rows`);
  return { round, shape: shape.name, rows, milliseconds, cpuMs, walBytes };
}

/** The first `rows` of it by id, which are without a gap. */
function narrowed(slice: Slice, rows: number): Slice {
  if (rows >= slice.rows) return slice;
  return { ...slice, rows, lastId: String(BigInt(slice.firstId) + BigInt(rows) - 1n) };
}

async function walPosition(client: Client): Promise<number> {
  const sql = `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`;
  return (await client.query<{ bytes: number }>(sql)).rows[0]?.bytes ?? 0;
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

type Totals = Pick<Sample, 'rows' | 'milliseconds' | 'cpuMs' | 'walBytes'>;

export type Measure = 'speed' | 'cpu' | 'wal';

const MEASURES: {
  readonly [M in Measure]: { readonly unit: Unit; readonly of: (measured: Totals) => number };
} = {
  speed: { unit: 'rows/s', of: ({ rows, milliseconds }) => (rows * 1_000) / milliseconds },
  cpu: { unit: 'µs/row', of: ({ cpuMs, rows }) => (cpuMs * 1_000) / rows },
  wal: { unit: 'WAL bytes/row', of: ({ walBytes, rows }) => walBytes / rows },
};

/** The median over the rounds; of WAL the whole, since each page is logged in full only once. */
export function figureOf(samples: readonly Sample[], shape: string, measured: Measure): Figure {
  const { unit, of } = MEASURES[measured];
  const ours = samples.filter((sample) => sample.shape === shape);
  const figure = spread(shape, ours.map(of), unit);
  return measured === 'wal' ? { ...figure, value: of(total(ours)) } : figure;
}

/** One shape's over the other's, all their rounds taken together. */
export function ratioOfTotals(
  samples: readonly Sample[],
  [shape, other]: readonly [string, string],
  measured: Measure,
  target: Target,
): Figure {
  const { of, unit } = MEASURES[measured];
  const whole = (name: string) => of(total(samples.filter((sample) => sample.shape === name)));
  const name = `${shape} over ${other}, ${unit}, the whole walk`;
  return { name, value: whole(shape) / whole(other), unit: 'x', target };
}

function total(samples: readonly Sample[]): Totals {
  const sum = (of: (sample: Sample) => number) => samples.reduce((all, sample) => all + of(sample), 0);
  return {
    rows: sum(({ rows }) => rows),
    milliseconds: sum(({ milliseconds }) => milliseconds),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    walBytes: sum(({ walBytes }) => walBytes),
  };
}

/** The median over the rounds of one shape's over the other's in the same round. */
export function ratioOf(
  samples: readonly Sample[],
  [shape, other]: readonly [string, string],
  measured: Measure,
  target?: Target,
): Figure {
  const { of } = MEASURES[measured];
  const at = (round: number, name: string) =>
    samples.find((sample) => sample.round === round && sample.shape === name);
  const ratios = [...new Set(samples.map(({ round }) => round))].flatMap((round) => {
    const [ours, theirs] = [at(round, shape), at(round, other)];
    return ours === undefined || theirs === undefined ? [] : [of(ours) / of(theirs)];
  });
  const name = `${shape} over ${other}, ${MEASURES[measured].unit}`;
  return { ...spread(name, ratios, 'x'), ...(target === undefined ? {} : { target }) };
}

function spread(name: string, values: readonly number[], unit: Unit): Figure {
  return { name, value: median(values), unit, lowest: Math.min(...values), highest: Math.max(...values) };
}

import type pg from 'pg';
import Cursor from 'pg-cursor';
import type { ReadBounds, SomeRows } from '#ports';
import { ROW_TYPES } from './row-types.js';

const FIRST_STEP = 10;
const LARGEST_STEP = 500;

/** Reads through a portal, a few rows at a time, since only their values say how large they are. */
export async function readSome(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[],
  bounds: ReadBounds,
): Promise<SomeRows> {
  const cursor = client.query(
    new Cursor<unknown[]>(text, [...values], { types: ROW_TYPES, rowMode: 'array' }),
  );
  try {
    const rows: unknown[][] = [];
    for (let bytes = 0; rows.length < bounds.rows && bytes < bounds.bytes; ) {
      const step = Math.min(bounds.rows - rows.length, stepFor(rows.length, bytes, bounds));
      const some = await cursor.read(step);
      rows.push(...some);
      bytes += some.reduce((sum, row) => sum + sizeOf(row), 0);
      if (some.length < step) return { rows, more: false };
    }
    return { rows, more: true };
  } finally {
    await cursor.close();
  }
}

/** About as many as still fit, by the size of those that came. */
function stepFor(rows: number, bytes: number, bounds: ReadBounds): number {
  if (rows === 0) return FIRST_STEP;
  const fitting = Math.floor((bounds.bytes - bytes) / Math.max(1, bytes / rows));
  return Math.max(1, Math.min(LARGEST_STEP, fitting));
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return Object.values(value).reduce<number>((sum, part) => sum + 8 + sizeOf(part), 0);
}

/** Reads the pending rows of a span for a transform, in a short transaction of its own: none is open while user code runs. */
import type { TransformRow } from '#core/definition';
import type { Span } from '../access.js';
import { placeValues, type Walk } from '../send.js';
import { type Trouble, troubleOf } from '../trouble.js';

/** Read, and written, at a time: with 2,000 a row takes a twelfth more of the server's time. */
export const MOST_ROWS = 5_000;
const MOST_BYTES = 8 * 1_024 * 1_024;
const LIMIT_MS = 10_000;

export interface ReadRow {
  readonly tid: string;
  readonly xmin: string;
  readonly values: TransformRow;
}

export interface Chunk {
  readonly span: Span;
  readonly rows: readonly ReadRow[];
  /** The span holds more pending rows than were read: it is to be read again once these are written. */
  readonly more: boolean;
}

export type ReadChunk =
  | ({ readonly kind: 'read' } & Chunk)
  | { readonly kind: 'failed'; readonly trouble: Trouble };

export async function readChunk(walk: Walk, names: readonly string[], span: Span): Promise<ReadChunk> {
  const { database, sql } = walk;
  const limits = { rowSecurity: false, statementTimeoutMs: LIMIT_MS, idleInTransactionTimeoutMs: LIMIT_MS };
  const text = span.turn === undefined ? sql.source : sql.strided?.source;
  try {
    const { rows, more } = await database.readSome(limits, text ?? '', placeValues(walk, span), {
      rows: MOST_ROWS,
      bytes: MOST_BYTES,
    });
    return { kind: 'read', span, rows: rows.map((row) => readRow(row, names)), more };
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

/** As `sourceRows` selects them: address and xmin, then the columns that the transform reads. */
function readRow(row: readonly unknown[], names: readonly string[]): ReadRow {
  const values: Record<string, unknown> = {};
  for (const [i, name] of names.entries()) values[name] = row[i + 2];
  return { tid: String(row[0]), xmin: String(row[1]), values };
}

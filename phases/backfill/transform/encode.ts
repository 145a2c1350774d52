/**
 * Rows for `json_to_recordset`, which brings each value to the type of its column. Made as soon as user code has answered,
 * while earlier rows are still being written.
 */
import type { Answer, GivenRow, RefusedRow } from './call.js';
import { valueName } from './given-rows.js';

export interface EncodedRow {
  readonly tid: string;
  /** Null: it cannot be said in JSON (a value that holds itself). */
  readonly json: string | null;
}

/** An answer with its rows encoded. */
export type Encoded =
  | { readonly kind: 'given'; readonly rows: readonly EncodedRow[]; readonly refused: readonly RefusedRow[] }
  | Exclude<Answer, { readonly kind: 'given' }>;

export function encode(answer: Answer, write: readonly string[]): Encoded {
  if (answer.kind !== 'given') return answer;
  const keys = write.map((_, i) => `,"${valueName(i)}":`);
  return { ...answer, rows: answer.rows.map((row) => encodeRow(row, write, keys)) };
}

function encodeRow(
  { tid, xmin, given }: GivenRow,
  write: readonly string[],
  keys: readonly string[],
): EncodedRow {
  try {
    const parts = [`{"tid":"${tid}","xmin":"${xmin}"`];
    for (let i = 0; i < write.length; i += 1) parts.push(keys[i] ?? '', jsonOf(given[write[i] ?? '']));
    parts.push('}');
    // Flat at once: as a concatenation its parts would stay in memory until the row is written.
    return { tid, json: parts.join('') };
  } catch {
    return { tid, json: null };
  }
}

/** Plain values without the function that objects need, which costs more than all the rest. */
function jsonOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'object':
      return JSON.stringify(value, said) ?? 'null';
    default:
      return JSON.stringify(plain(value));
  }
}

/** As the server reads it: JSON would make null of NaN and of a date that is none, and an object of bytes. */
function said(this: unknown, key: string, value: unknown): unknown {
  const original: unknown = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Date && Number.isNaN(original.getTime())) return 'invalid date';
  if (original instanceof Uint8Array) return `\\x${Buffer.from(original).toString('hex')}`;
  return plain(value);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

import type { GivenRow } from './call.js';
import { valueName } from './given-rows.js';

/**
 * A row for `json_to_recordset`, which brings each value to the type of its column. Null: it cannot be said in JSON (a value
 * that holds itself).
 */
export function encoded({ tid, xmin, given }: GivenRow, write: readonly string[]): string | null {
  const values = write.map((name, i) => [valueName(i), given[name]]);
  try {
    return JSON.stringify(Object.fromEntries([['tid', tid], ['xmin', xmin], ...values]), said);
  } catch {
    return null;
  }
}

/** As the server reads it: JSON would make null of NaN and of a date that is none, and an object of bytes. */
function said(this: unknown, key: string, value: unknown): unknown {
  const original: unknown = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Date && Number.isNaN(original.getTime())) return 'invalid date';
  if (original instanceof Uint8Array) return `\\x${Buffer.from(original).toString('hex')}`;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

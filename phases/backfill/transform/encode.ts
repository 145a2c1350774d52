/**
 * Rows as parameters of the statement that writes them: an array for the addresses, one for their versions and one for each column
 * that goes in arrays, and JSON for the others; the server brings each value to the type of its column. Made as soon as user code
 * has answered, while earlier rows are still being written.
 */
import { type Answer, classOf, type GivenRow, type RefusedRow } from './call.js';
import { type GivenColumn, isInJson } from './given-columns.js';

export interface EncodedRow {
  readonly tid: string;
  /** What it adds to each parameter. */
  readonly parts: readonly string[];
}

/** An answer with its rows encoded. */
export type Encoded =
  | { readonly kind: 'given'; readonly rows: readonly EncodedRow[]; readonly refused: readonly RefusedRow[] }
  | Exclude<Answer, { readonly kind: 'given' }>;

export function encode(answer: Answer, columns: readonly GivenColumn[]): Encoded {
  if (answer.kind !== 'given') return answer;
  const rows: EncodedRow[] = [];
  const refused = [...answer.refused];
  for (const row of answer.rows) {
    const encoded = encodeRow(row, columns);
    if ('parts' in encoded) rows.push(encoded);
    else refused.push(encoded);
  }
  return { kind: 'given', rows, refused };
}

/** The parameters, in the order of `givenRows`. */
export function parametersOf(
  rows: readonly EncodedRow[],
  columns: readonly GivenColumn[],
): readonly string[] {
  const arrays = 2 + columns.filter((column) => !isInJson(column)).length;
  const joined = (at: number) => rows.map(({ parts }) => parts[at]).join(',');
  const parameters = Array.from({ length: arrays }, (_, at) => `{${joined(at)}}`);
  return columns.some(isInJson) ? [...parameters, `[${joined(arrays)}]`] : parameters;
}

/** A value that holds itself, a string that is no Unicode, a value that cannot be looked at twice: it cannot be said. */
function encodeRow({ tid, xmin, given }: GivenRow, columns: readonly GivenColumn[]): EncodedRow | RefusedRow {
  const parts = [`"${tid}"`, xmin];
  const json: string[] = [];
  try {
    for (const column of columns) {
      const value = given[column.name];
      if (isInJson(column)) json.push(`"${column.value}":${jsonOf(value)}`);
      else parts.push(element(textOf(value)));
    }
  } catch (error) {
    return { tid, reason: 'transform_unwritable', how: classOf(error) };
  }
  if (json.length > 0) parts.push(`{${json.join(',')}}`);
  return { tid, parts };
}

/** Of an array as the server reads it. */
function element(text: string | null): string {
  if (text === null) return 'NULL';
  if (!text.isWellFormed()) throw new RangeError('no Unicode');
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const SAYABLE = new Set(['string', 'number', 'bigint', 'boolean']);

/** What JSON would say: of a string its text, of anything else the JSON. */
function textOf(value: unknown): string | null {
  if (value === null) return null;
  if (Object.is(value, -0)) return '-0';
  if (SAYABLE.has(typeof value)) return String(value);
  const json = jsonOf(value);
  if (json === 'null') return null;
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
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

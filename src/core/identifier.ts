import { DefinitionError } from './errors.js';

/** PostgreSQL's NAMEDATALEN - 1: longer names are cut with only a NOTICE, so two of them may collide. */
const MAX_BYTES = 63;

/** A table, always with its schema: a bare name means what the caller's search_path says, which we never rely on. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** Quotes one identifier. Throws `DefinitionError` for an empty name, a NUL, or more than 63 bytes. */
export function quote(name: string): string {
  if (name === '' || name.includes('\0')) throw badName(name, 'it is empty or holds a NUL character');
  if (new TextEncoder().encode(name).length > MAX_BYTES) {
    throw badName(name, `it is longer than ${MAX_BYTES} bytes, and PostgreSQL would cut it silently`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable(table: TableName): string {
  return `${quote(table.schema)}.${quote(table.name)}`;
}

export function quoteList(names: readonly string[]): string {
  return names.map(quote).join(', ');
}

/** A string as an SQL literal; escapes quotes, and backslashes by the E'' form so that the result is the same under either setting of standard_conforming_strings. */
export function literal(value: string): string {
  const doubled = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** `orders` or `sales.orders`, as a migration file writes it; the default schema is `public`. */
export function parseTable(text: string): TableName {
  const dot = text.indexOf('.');
  return dot < 0
    ? { schema: 'public', name: text }
    : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

export function displayTable(table: TableName): string {
  return table.schema === 'public' ? table.name : `${table.schema}.${table.name}`;
}

export function sameTable(a: TableName, b: TableName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** A generated name that fits into 63 bytes: cut, with a short hash of the whole where it had to be cut. */
export function generatedName(...parts: readonly string[]): string {
  const whole = parts.join('_');
  if (new TextEncoder().encode(whole).length <= MAX_BYTES) return whole;
  const tail = `_${fnv1a(whole)}`;
  let head = whole;
  while (new TextEncoder().encode(head + tail).length > MAX_BYTES) head = head.slice(0, -1);
  return head + tail;
}

/** FNV-1a, 32 bits, as 8 hex digits: enough to tell apart names that share a long beginning. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function badName(name: string, why: string): DefinitionError {
  return new DefinitionError({
    what: `"${name.slice(0, 80)}" cannot be used as a name.`,
    why: `As an identifier it is refused: ${why}.`,
    left: 'Nothing was changed.',
    next: 'Choose a shorter, non-empty name in the migration file.',
  });
}

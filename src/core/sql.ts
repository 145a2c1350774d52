import { literal, quote } from './identifier.js';

declare const trusted: unique symbol;

/** A piece of SQL that was written as SQL: a plain string does not pass for one. */
export interface Sql {
  readonly [trusted]: true;
  readonly kind: 'sql';
  readonly text: string;
}

export type SqlValue = Sql | string | number | bigint | boolean | null;

/**
 * Builds SQL. Interpolated values become literals; other `sql` pieces are put in as they are.
 *
 * @example sql`coalesce(nickname, ${'nobody'})`
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlValue[]): Sql {
  const text = strings.reduce(
    (out, part, i) => out + part + (i < values.length ? render(values[i]) : ''),
    '',
  );
  return fragment(text.trim());
}

/** An identifier as an SQL piece, quoted. */
sql.id = (...names: readonly string[]): Sql => fragment(names.map(quote).join('.'));

export function isSql(value: unknown): value is Sql {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sql' && 'text' in value
  );
}

function fragment(text: string): Sql {
  return { kind: 'sql', text } as Sql;
}

function render(value: SqlValue | undefined): string {
  if (isSql(value)) return value.text;
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return literal(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return `${literal(String(value))}::float8`;
  return String(value);
}

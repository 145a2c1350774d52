import { quote } from '#core/identifier';
import type { PlanColumn } from '#core/plan';

/** Lines of SQL. An element may itself hold line breaks, inside a literal: so indentation goes before elements only. */
export type Lines = readonly string[];

export function indent(lines: Lines): Lines {
  return lines.map((line) => (line === '' ? line : `  ${line}`));
}

export function ifThen(condition: string, lines: Lines): Lines {
  return lines.length === 0 ? [] : [`if ${condition} then`, ...indent(lines), 'end if;'];
}

/** `new."full_name"`. */
export function field(row: string, name: string): string {
  return `${row}.${quote(name)}`;
}

/** Bytes, not the type's equality: citext 'ann' and 'Ann' differ, so do 1.0 and 1.00, and json has no equality at all. */
export function imageDiffers(a: string, b: string, columns: readonly { readonly name: string }[]): string {
  if (columns.length === 0) return 'false';
  return `pg_catalog.record_image_ne(${rowOf(a, columns)}, ${rowOf(b, columns)})`;
}

function rowOf(row: string, columns: readonly { readonly name: string }[]): string {
  return `row(${columns.map((c) => field(row, c.name)).join(', ')})`;
}

/** Of a composite value `is null` asks its fields; `is distinct from null` asks the value, and needs no operator. */
export function isGiven(row: string, name: string): string {
  return `${field(row, name)} is distinct from null`;
}

export function isMissing(row: string, name: string): string {
  return `${field(row, name)} is not distinct from null`;
}

export function anyOf(terms: readonly string[]): string {
  return terms.length === 0 ? 'false' : terms.join(' or ');
}

export function allOf(terms: readonly string[]): string {
  return terms.length === 0 ? 'true' : terms.join(' and ');
}

export function uniqueColumns<C extends PlanColumn>(columns: readonly C[]): readonly C[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}

/** A name inside a comment: a line break in it would end the comment. */
export function commentName(name: string): string {
  return name.replaceAll(/[\r\n]+/g, ' ');
}

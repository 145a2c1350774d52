import type { ColumnSlot } from '#core/analysed-sql';
import { SqlExpressionError } from './errors.js';
import type { Expression } from './expression.js';
import type { Reference } from './findings.js';
import type { SqlToken } from './scan.js';
import { isCode } from './tokens.js';

/** A column of the migrated row, and the text that names it. */
export interface Slot extends ColumnSlot {
  readonly start: number;
  readonly end: number;
}

/** Columns that every table has; a trigger's NEW has no value for them, or the one of the row before. */
const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** The slots in the order of the text. @throws SqlExpressionError for a name that cannot be a column of the row. */
export function slotsOf(
  references: readonly Reference[],
  expression: Expression,
  table: string,
): readonly Slot[] {
  const spanOf = spanFinder(expression);
  return references
    .flatMap((reference) => {
      const verdict = verdictOn(reference, table);
      if (verdict === 'leave') return [];
      if ('column' in verdict) return [{ column: verdict.column, ...spanOf(reference) }];
      throw new SqlExpressionError(verdict, expression.sql, expression.offset(reference.location));
    })
    .sort((a, b) => a.start - b.start);
}

type Refusal = { readonly what: string; readonly why?: string; readonly next: string };

function verdictOn(reference: Reference, table: string): ColumnSlot | 'leave' | Refusal {
  const { fields, star, inSubquery } = reference;
  const [first = '', second = ''] = fields;
  if (inSubquery && !fields.slice(0, 2).includes(table)) return 'leave';
  if (star) return fields.length === 0 || first === table ? wholeRow(table) : notTheTable(first, table);
  if (fields.length === 1) return first === table ? whole(reference, table) : columnOf(first);
  if (first === table && fields.length === 2) return reference.shadowed ? ambiguous(table) : columnOf(second);
  // In a subquery `r.users` is a column of `r` that has the table's name.
  if (inSubquery && (fields.length === 2 || reference.shadowed)) return 'leave';
  return fields.length > 2 ? tooLong(fields, table) : notTheTable(first, table);
}

function columnOf(column: string): ColumnSlot | Refusal {
  if (!SYSTEM_COLUMNS.has(column)) return { column };
  return {
    what: `The system column ${column} cannot be used.`,
    why: 'A sync trigger computes the expression before the row is stored, when the row has none.',
    next: 'Use the columns of the table.',
  };
}

/** PostgreSQL takes a bare table name for the whole row where no column has that name; which it is, only the catalogue says. */
function whole(reference: Reference, table: string): 'leave' | Refusal {
  return reference.inSubquery && reference.shadowed ? 'leave' : wholeRow(table);
}

function wholeRow(table: string): Refusal {
  return {
    what: 'The whole row cannot be used.',
    why: 'Its columns differ between the phases of a migration, and so would the value.',
    next: `Name the columns. A column that is named like the table is written "${table}.${table}".`,
  };
}

function notTheTable(name: string, table: string): Refusal {
  return {
    what: `"${name}" is not the migrated table.`,
    why: `Only the columns of "${table}" are there.`,
    next: `Write the column alone. A field of a composite column is written (${name}).field, another table is read in a subquery.`,
  };
}

function ambiguous(table: string): Refusal {
  return {
    what: `"${table}" means two things here: the migrated row, and the table that the subquery reads.`,
    why: 'PostgreSQL takes the subquery’s, so the row would never be looked at.',
    next: `Give the subquery's table an alias (from ${table} other), and use "${table}." for the migrated row only.`,
  };
}

function tooLong(fields: readonly string[], table: string): Refusal {
  return {
    what: `The name ${fields.join('.')} has too many parts.`,
    why: 'The row is known by the table’s bare name only.',
    next: `Write ${table}.column without the schema. A field of a composite column is written (${table}.column).field.`,
  };
}

/** The parser says where a name starts, the tokens where it ends: behind as many names as it has, dots between. */
function spanFinder(expression: Expression): (reference: Reference) => { start: number; end: number } {
  const code = expression.tokens.filter(isCode);
  const indexes = new Map(code.map((token, index) => [token.start, index]));
  return ({ location, fields }) => {
    const start = expression.offset(location);
    const index = indexes.get(start);
    const last = index === undefined ? undefined : code[index + 2 * (fields.length - 1)];
    if (last === undefined) throw new Error(`no token where the parser saw a name, at ${start}`);
    return { start, end: last.end };
  };
}

/** The text around the slots, without comments. */
export function partsOf(slots: readonly Slot[], expression: Expression): readonly (string | ColumnSlot)[] {
  const code = expression.tokens.filter(isCode);
  const [from, to] = [code[0]?.start ?? 0, code.at(-1)?.end ?? 0];
  const parts: (string | ColumnSlot)[] = [];
  let at = from;
  for (const slot of slots) {
    parts.push(textBetween(at, slot.start, expression), { column: slot.column });
    at = slot.end;
  }
  parts.push(textBetween(at, to, expression));
  return spaced(parts).filter((part) => part !== '');
}

/** A comment is as good as a space; a `--` comment must not swallow what the caller writes behind it. */
function textBetween(start: number, end: number, { sql, tokens }: Expression): string {
  const comments = tokens.filter((token) => !isCode(token) && token.start >= start && token.end <= end);
  return cut(sql, start, end, comments);
}

function cut(sql: string, start: number, end: number, comments: readonly SqlToken[]): string {
  let text = '';
  let at = start;
  for (const comment of comments) {
    text += `${sql.slice(at, comment.start)} `;
    at = comment.end;
  }
  return text + sql.slice(at, end);
}

/** `not"a"` needs no space, `not` and `new.a` do. */
function spaced(parts: readonly (string | ColumnSlot)[]): readonly (string | ColumnSlot)[] {
  return parts.map((part, i) => {
    if (typeof part !== 'string') return part;
    const head = i > 0 && /^[\w$\u0080-\uffff]/.test(part) ? ' ' : '';
    const tail = i < parts.length - 1 && /[\w$\u0080-\uffff]$/.test(part) ? ' ' : '';
    return head + part + tail;
  });
}

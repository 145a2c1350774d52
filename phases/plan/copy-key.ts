/** The key of a copy: one row of the source must be one row of the target, and each must be found by it. */
import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import { RefusedError } from '#core/errors';
import { displayTable, quoteList, quoteTable } from '#core/identifier';
import type { Scope } from './backfill-scope.js';

export function refuseKeys(
  key: Readonly<Record<string, string>>,
  target: TableFacts,
  { tableFacts }: Scope,
): void {
  for (const [to, from] of Object.entries(key))
    refusePair(column(to, target), column(from, tableFacts), target, tableFacts);
  refuseNotUnique(Object.values(key), tableFacts, 'Two rows with the same key would become one row.');
  refuseNotUnique(
    Object.keys(key),
    target,
    'Without it the row that belongs to a row of the source cannot be told.',
  );
}

function column(name: string, facts: TableFacts): ColumnFacts {
  const found = facts.columns.find((c) => c.name === name);
  if (found !== undefined) return found;
  throw new RefusedError({
    what: `There is no column ${name} on ${displayTable(facts.table)}, which the key of the copy names.`,
    next: 'Correct the name in `key`: { column of the target: column of the source }.',
  });
}

function refusePair(to: ColumnFacts, from: ColumnFacts, target: TableFacts, source: TableFacts): void {
  if (!from.notNull) {
    throw new RefusedError({
      what: `${displayTable(source.table)}.${from.name} may be NULL, so it cannot be part of a key.`,
      next: 'Take the columns of the primary key, or make the column NOT NULL first.',
    });
  }
  if (isComparable(from, to)) return;
  throw new RefusedError({
    what: `${displayTable(source.table)}.${from.name} (${from.type}) and ${displayTable(target.table)}.${to.name} (${to.type}) cannot be the key of a copy.`,
    why: 'Keys are found by their value on both sides: the types must be the same, or the target a wider integer, and equal only where the bytes are.',
    next: 'Give the column of the target the type of the source, or take another key.',
  });
}

const INTEGERS = ['smallint', 'integer', 'bigint'];
const isText = (type: string) => type === 'text' || type.startsWith('character varying');

function isComparable(from: ColumnFacts, to: ColumnFacts): boolean {
  if (![from, to].every((c) => c.builtInType && c.plainEquality)) return false;
  if (from.type === to.type || (isText(from.type) && isText(to.type))) return true;
  return INTEGERS.includes(from.type) && INTEGERS.indexOf(from.type) <= INTEGERS.indexOf(to.type);
}

function refuseNotUnique(columns: readonly string[], facts: TableFacts, why: string): void {
  if (isUnique(columns, facts)) return;
  const table = displayTable(facts.table);
  throw new RefusedError({
    what: `No unique index of ${table} covers exactly ${columns.join(', ')}, the key of the copy.`,
    why: `${why} A partial index, one of expressions and a deferrable constraint do not do.`,
    next: `create unique index concurrently on ${quoteTable(facts.table)} (${quoteList(columns)}), or name other columns in \`key\`.`,
  });
}

/** Only a plain one: `… USING btree (a, b)`, at most with options behind it. */
const PLAIN = /USING btree \([^()]*\)(?: NULLS NOT DISTINCT)?(?: WITH \([^()]*\))?$/;

function isUnique(columns: readonly string[], { indexes, constraints }: TableFacts): boolean {
  const wanted = [...columns].sort().join('\0');
  return indexes.some((index) => {
    const made = constraints.find((c) => c.name === index.name);
    return (
      index.unique &&
      index.valid &&
      [...index.columns].sort().join('\0') === wanted &&
      PLAIN.test(index.definition) &&
      !/ DEFERRABLE/.test(made?.definition ?? '')
    );
  });
}

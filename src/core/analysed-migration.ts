import type { AnalysedExpression } from './analysed-sql.js';
import type { Definition } from './definition.js';

/** A definition together with what the parser found in each of its SQL values: the heart sees SQL only as data. */
export interface AnalysedMigration {
  /** The file's name without its ending. */
  readonly id: string;
  readonly definition: Definition;
  readonly checksum: string;
  /** Every scalar expression of the file (set, reverse, where, check, index), by `expressionKey`. */
  readonly expressions: ReadonlyMap<string, AnalysedExpression>;
}

/** `table` as the file writes it: the same text may read other columns on another table. */
export function expressionKey(table: string, text: string): string {
  return `${table}\n${text}`;
}

/** The table of an `expressionKey`, as the file writes it. */
export function tableOfKey(key: string): string {
  return key.slice(0, key.indexOf('\n'));
}

import { BellowsError, EXIT } from '#core/errors';
import { type Position, positionAt } from './positions.js';

/** The longest piece of a source line that `withCaret` shows. */
const WIDTH = 120;

/** An error at a place in SQL text. `message` names line and column; only `render` shows the text itself. */
class SqlPositionError extends BellowsError {
  readonly line: number;
  readonly column: number;
  /** 0-based index into the SQL text. */
  readonly offset: number;
  readonly #sql: string;

  constructor(code: string, text: { what: string; why?: string; next: string }, sql: string, at: Position) {
    const what = `${text.what} (line ${at.line}, column ${at.column})`;
    const left = 'Nothing was run.';
    super(code, { ...text, what, left }, { line: at.line, column: at.column }, EXIT.usage);
    this.line = at.line;
    this.column = at.column;
    this.offset = at.offset;
    this.#sql = sql;
  }

  /** The message, the line of SQL that it is about, and a caret under the place. */
  render(): string {
    return withCaret(this.message, this.#sql, this);
  }
}

/** A message, the line of `sql` that it is about, and a caret under the place. */
export function withCaret(
  message: string,
  sql: string,
  { line, column }: Pick<Position, 'line' | 'column'>,
): string {
  const prefix = `${line} | `;
  const characters = [...(sql.split('\n')[line - 1] ?? '').trimEnd()];
  const from = Math.max(0, column - 1 - WIDTH / 2);
  const shown = characters.slice(from, from + WIDTH).join('');
  // Tabs are kept in front of the caret, so that it stands right whatever a tab's width is.
  const indent = characters.slice(from, column - 1).map((character) => (character === '\t' ? '\t' : ' '));
  return [message, `${prefix}${shown}`, `${' '.repeat(prefix.length)}${indent.join('')}^`].join('\n');
}

/** PostgreSQL's parser cannot read the text. */
export class SqlSyntaxError extends SqlPositionError {
  constructor(message: string, sql: string, offset: number) {
    super(
      'BELLOWS_SQL_SYNTAX',
      {
        what: `SQL that PostgreSQL cannot read: ${message}`,
        next: 'Correct the SQL and run the command again.',
      },
      sql,
      positionAt(sql, offset),
    );
  }
}

/** The text is SQL, and still not an expression over the columns of one row. */
export class SqlExpressionError extends SqlPositionError {
  constructor(text: { what: string; why?: string; next: string }, sql: string, offset: number) {
    super('BELLOWS_SQL_EXPRESSION', text, sql, positionAt(sql, offset));
  }
}

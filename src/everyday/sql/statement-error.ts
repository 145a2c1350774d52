import { BellowsError, EXIT } from '#core/errors';
import { sqlstateOf } from '#core/sqlstate';
import { withCaret } from '#parser/errors';
import { codePointToOffset, type Position, positionAt } from '#parser/positions';
import { placeInFunction, serverMessage } from './server-message.js';

export interface FailedStatement {
  /** As shown: relative to the working directory. */
  readonly file: string;
  /** The file's text, which places are counted in. */
  readonly source: string;
  /** Where the statement begins in it, and its text as it was sent. */
  readonly start: number;
  readonly text: string;
}

/** A statement of a file that the server refused: where in the file, what it said, what was left in place. */
export class SqlStatementError extends BellowsError {
  readonly at: Position;
  readonly #source: string;

  constructor(
    statement: FailedStatement,
    error: unknown,
    { left, next, why }: { readonly left: string; readonly next: string; readonly why?: string },
  ) {
    const at = positionAt(statement.source, placeOf(statement, error));
    const sqlstate = sqlstateOf(error) ?? 'none';
    const inside = placeInFunction(error);
    super(
      'BELLOWS_SQL_FAILED',
      {
        what: `${statement.file}:${at.line}:${at.column}: ${serverMessage(error)} (${sqlstate}${inside === null ? '' : `, ${inside}`})`,
        ...(why === undefined ? {} : { why }),
        left,
        next,
      },
      { file: statement.file, line: at.line, column: at.column, sqlstate },
      EXIT.operation,
    );
    this.at = at;
    this.#source = statement.source;
  }

  /** The message, the line of the file that it is about, and a caret under the place. */
  render(): string {
    return withCaret(this.message, this.#source, this.at);
  }
}

/** The server counts characters of the statement from 1; without a position it is the statement as a whole. */
function placeOf({ start, text }: FailedStatement, error: unknown): number {
  const position: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'position') : null;
  const index = typeof position === 'string' ? Number(position) - 1 : 0;
  return start + (Number.isInteger(index) && index > 0 ? codePointToOffset(text, index) : 0);
}

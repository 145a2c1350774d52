import { BellowsError, EXIT } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import { withCaret } from '#parser/errors';

/** A section that cannot be run as it is written; found before anything is run. */
export class SqlFileError extends BellowsError {
  readonly #rendered: string;

  constructor(
    { file, source }: Pick<SqlMigration, 'file' | 'source'>,
    at: { readonly line: number; readonly column: number },
    what: string,
    text: { readonly why?: string; readonly next: string },
  ) {
    super(
      'BELLOWS_SQL_FILE',
      { what: `${file}:${at.line}:${at.column}: ${what}`, left: 'Nothing was run.', ...text },
      { file, line: at.line, column: at.column },
      EXIT.usage,
    );
    this.#rendered = withCaret(this.message, source, at);
  }

  /** The message, the line of the file that it is about, and a caret under the place. */
  render(): string {
    return this.#rendered;
  }
}

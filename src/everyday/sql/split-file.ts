import type { SqlMigration } from '#core/sql-migration';
import { SqlSyntaxError } from '#parser/errors';
import { type SqlStatement, splitStatements } from '#parser/split';
import { SqlFileError } from './file-error.js';

/** As shown, and what places are counted in. */
export type SqlFile = Pick<SqlMigration, 'file' | 'source'>;

/**
 * The statements of a file, or of a part of it in which everything else is blanked out. `loadParser()` must have been awaited.
 *
 * @throws SqlFileError where it cannot be read
 */
export function splitFile(file: SqlFile, text = file.source): readonly SqlStatement[] {
  try {
    return splitStatements(text);
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error;
    const what = error.text.what.replace(/ \(line \d+, column \d+\)$/, '');
    throw new SqlFileError(file, error, what, { next: 'Correct the file and run the command again.' });
  }
}

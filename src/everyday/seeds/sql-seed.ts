import { BellowsError } from '#core/errors';
import { sqlstateOf } from '#core/sqlstate';
import { SqlSyntaxError } from '#parser/errors';
import { loadParser } from '#parser/load';
import { isTree, unwrap } from '#parser/parse';
import { type SqlStatement, splitStatements } from '#parser/split';
import type { Session } from '#ports';
import { SqlStatementError } from '../sql/statement-error.js';
import { SeedFileError } from './errors.js';
import type { SeedFile } from './files.js';
import { afterwards } from './words.js';

/** The statements of a file, read and judged before the first one runs. */
export async function readSqlSeed({ file, source }: SeedFile): Promise<readonly SqlStatement[]> {
  await loadParser();
  const statements = split(file, source);
  for (const statement of statements) {
    const refusal = refusalOf(statement);
    if (refusal !== null) throw new SeedFileError(file, source, statement.start.offset, refusal);
  }
  return statements;
}

/** One after the other in the transaction that is given; how many there were. */
export async function runSqlSeed(tx: Session, seed: SeedFile, kept: readonly string[]): Promise<number> {
  const statements = await readSqlSeed(seed);
  for (const { text, start } of statements) {
    await tx.query(text).catch((error: unknown) => {
      if (error instanceof BellowsError || sqlstateOf(error) === null) throw error;
      const failed = { file: seed.file, source: seed.source, start: start.offset, text };
      throw new SqlStatementError(failed, error, afterwards(seed, error, kept));
    });
  }
  return statements.length;
}

function split(file: string, source: string): readonly SqlStatement[] {
  try {
    return splitStatements(source);
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error;
    const what = error.text.what.replace(/ \(line \d+, column \d+\)$/, '');
    throw new SeedFileError(file, source, error.offset, {
      what,
      next: 'Correct the SQL and run the command again.',
    });
  }
}

/** What would end the transaction that makes the file all or nothing, or needs a client that feeds it. */
function refusalOf({ kind, node }: SqlStatement): { readonly what: string; readonly next: string } | null {
  const content = unwrap(node)[1];
  const tree = isTree(content) ? content : {};
  if (kind === 'TransactionStmt' && !/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(String(tree.kind))) {
    return {
      what: 'a seed is one transaction already, and must not begin or end one',
      next: 'Take BEGIN, COMMIT and ROLLBACK out of the file.',
    };
  }
  if (kind === 'CopyStmt' && tree.is_from === true && tree.filename === undefined) {
    return {
      what: 'COPY FROM STDIN takes its rows from psql, and nobody is there to send them',
      next: 'Write INSERTs (pg_dump --inserts makes them), or a seed in TypeScript.',
    };
  }
  return null;
}

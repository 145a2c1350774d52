import { BellowsError } from '#core/errors';
import { sqlstateOf } from '#core/sqlstate';
import { loadParser } from '#parser/load';
import { isTree, unwrap } from '#parser/parse';
import type { SqlStatement } from '#parser/split';
import type { Session } from '#ports';
import { SqlFileError } from '../sql/file-error.js';
import { splitFile } from '../sql/split-file.js';
import { SqlStatementError } from '../sql/statement-error.js';
import type { SeedFile } from './files.js';
import { afterwards } from './words.js';

/** The statements of a file, read and judged before the first one runs. */
export async function readSqlSeed(seed: SeedFile): Promise<readonly SqlStatement[]> {
  await loadParser();
  const statements = splitFile(seed);
  for (const statement of statements) {
    const refusal = refusalOf(statement);
    if (refusal === null) continue;
    throw new SqlFileError(seed, statement.start, refusal.what, { next: refusal.next });
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

/**
 * Cuts a section into units: what commits as a whole. A file without anything special is one unit, and then its statements,
 * its row in `schema_migrations` and its entry in the history commit together.
 *
 * A statement that PostgreSQL refuses in a transaction block stands alone, and what is before and behind it are transactions.
 * With `transaction:false` each statement is a unit. `begin` and `commit` in a file are taken at their word.
 */
import type { SqlSection } from '#core/sql-migration';
import { isTree, unwrap } from '#parser/parse';
import type { SqlStatement } from '#parser/split';
import { runsAlone } from './alone.js';
import { SqlFileError } from './file-error.js';
import { type SqlFile, splitFile } from './split-file.js';

export interface Unit {
  /** `alone`: outside of a transaction block. */
  readonly kind: 'transaction' | 'alone';
  /** At least one; of `alone` it is one. */
  readonly statements: readonly SqlStatement[];
}

/** `loadParser()` must have been awaited. @throws SqlFileError, before anything is run */
export function unitsOf(section: SqlSection, file: SqlFile): readonly Unit[] {
  const statements = splitFile(file, section.text);
  const units: Unit[] = [];
  let open: SqlStatement[] = [];
  // Between `begin` and `commit` of the file's own.
  let inside = false;
  const close = () => {
    if (open.length > 0) units.push({ kind: 'transaction', statements: open });
    open = [];
  };
  for (const statement of statements) {
    if (wantsRows(statement)) throw nobodySendsRows(statement, file);
    const control = controlOf(statement);
    if (control === 'refused') throw notUnderstood(statement, file);
    if (control === 'commit') close();
    if (control !== 'none') inside = control === 'begin';
    else if (mustBeAlone(statement, section)) {
      if (inside) throw cannotBeInside(statement, file);
      close();
      units.push({ kind: 'alone', statements: [statement] });
    } else {
      open.push(statement);
      if (!section.transaction && !inside) close();
    }
  }
  close();
  if (units.length === 0) throw emptySection(file);
  return units;
}

/** A procedure or a DO block may commit by itself, and `transaction:false` is how one says so. */
function mustBeAlone(statement: SqlStatement, { transaction }: SqlSection): boolean {
  return (
    runsAlone(statement) || (!transaction && (statement.kind === 'CallStmt' || statement.kind === 'DoStmt'))
  );
}

/** `copy … from stdin`: the server would wait for rows, for ever. */
function wantsRows({ node }: SqlStatement): boolean {
  const [kind, tree] = unwrap(node);
  return kind === 'CopyStmt' && isTree(tree) && tree.is_from === true && tree.filename === undefined;
}

type Control = 'begin' | 'commit' | 'refused' | 'none';

const CONTROLS: Readonly<Record<string, Control>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_SAVEPOINT: 'none',
  TRANS_STMT_RELEASE: 'none',
  TRANS_STMT_ROLLBACK_TO: 'none',
};

function controlOf({ node }: SqlStatement): Control {
  const [kind, tree] = unwrap(node);
  if (kind !== 'TransactionStmt' || !isTree(tree)) return 'none';
  // A mode of the transaction, or a chain to another one, would be dropped without a word.
  return tree.options !== undefined || tree.chain === true
    ? 'refused'
    : (CONTROLS[String(tree.kind)] ?? 'refused');
}

function emptySection(file: SqlFile): SqlFileError {
  return new SqlFileError(file, { line: 1, column: 1 }, 'there is no statement in it.', {
    why: 'It would count as applied without having done anything.',
    next: 'Write the migration, or delete the file. If it shall do nothing, say so: select 1;',
  });
}

function nobodySendsRows(statement: SqlStatement, file: SqlFile): SqlFileError {
  const what = 'COPY FROM STDIN takes its rows from psql, and nobody is there to send them.';
  return new SqlFileError(file, statement.start, what, {
    next: 'Write INSERTs (pg_dump --inserts makes them).',
  });
}

function cannotBeInside(statement: SqlStatement, file: SqlFile): SqlFileError {
  const what = 'a statement that cannot run inside a transaction stands between begin and commit.';
  return new SqlFileError(file, statement.start, what, {
    next: 'Put it in front of begin, or behind commit.',
  });
}

function notUnderstood(statement: SqlStatement, file: SqlFile): SqlFileError {
  return new SqlFileError(
    file,
    statement.start,
    `${statement.text.slice(0, 40)} cannot stand in a migration.`,
    {
      why: 'Of transaction control, a plain begin and commit and savepoints are understood.',
      next: 'Leave it out: a file is one transaction without it.',
    },
  );
}

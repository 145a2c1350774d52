/** The project's own checks: `.sql` files of SELECTs, each of which returns `issue, count`; a count above 0 is a finding. */
import type { FilePlace } from '#core/data-checks';
import { counted, count as shown } from '#core/numbers';
import { classify } from '#core/sqlstate';
import type { SqlStatement } from '#parser/split';
import type { Row } from '#ports';
import { SqlFileError } from '../sql/file-error.js';
import { splitFile } from '../sql/split-file.js';
import { SqlStatementError } from '../sql/statement-error.js';
import { ask } from './look.js';
import {
  type Check,
  type CheckWorld,
  finding,
  inTurn,
  type Part,
  type QueryFile,
  together,
  unknown,
} from './world.js';

export const queries: Check = async (world) => {
  const parts = await inTurn(world.queries, (file) => ofFile(world, file));
  const { queries: files, queriesFolder: folder } = world;
  const did =
    files.length === 0
      ? `no .sql file in ${folder}/`
      : `${counted(files.length, 'file')} of ${folder}/; what they read is theirs to say`;
  return together([{ did: [did] }, ...parts]);
};

async function ofFile(world: CheckWorld, file: QueryFile): Promise<Part> {
  const statements = statementsOf(file);
  if (statements instanceof SqlFileError) return { unknown: [unreadable(file, statements)] };
  if (statements.length === 0) return { did: [`${file.file}: no statement`] };
  return together(await inTurn(statements, (statement) => ofStatement(world, file, statement)));
}

function statementsOf(file: QueryFile): readonly SqlStatement[] | SqlFileError {
  try {
    return splitFile(file);
  } catch (error) {
    if (error instanceof SqlFileError) return error;
    throw error;
  }
}

function unreadable({ file }: QueryFile, { message, data }: SqlFileError) {
  return unknown({ why: message, next: 'Correct the file.', place: { file, line: Number(data.line) } });
}

/** With a row, all NULL, also where the SELECT has none: its columns are known then, and so is one that should not be there. */
const PREFIX = 'select q.* from (select) one left join lateral (';
const SUFFIX = ') q on true';

async function ofStatement(
  world: CheckWorld,
  { file, source }: QueryFile,
  statement: SqlStatement,
): Promise<Part> {
  const place = { file, line: statement.start.line };
  if (statement.kind !== 'SelectStmt')
    return refused(place, 'is no SELECT', 'A check reads; write a SELECT that returns issue, count.');
  const text = `${PREFIX}${statement.text}${SUFFIX}`;
  try {
    return together((await ask<Row>(world, text)).map((row) => judge(row, place)));
  } catch (error) {
    if (classify(error).sqlstate === 'none') throw error;
    const failed = { file, source, ...sent(statement, text, error) };
    const { message, at } = new SqlStatementError(failed, error, { left: '', next: '' });
    const line = Math.max(at.line, place.line);
    const why = inWords(world, message, error);
    return { unknown: [unknown({ why, next: 'Correct the file.', place: { file, line } })] };
  }
}

/** The server counts in what was sent to it; where it names no place, it is the statement. */
function sent({ start, text: own }: SqlStatement, text: string, error: unknown) {
  const placed = error instanceof Error && 'position' in error && typeof error.position === 'string';
  return placed ? { start: start.offset - PREFIX.length, text } : { start: start.offset, text: own };
}

/** A cancel has no place in the statement. */
function inWords({ statementTimeoutMs }: CheckWorld, message: string, error: unknown): string {
  if (classify(error).sqlstate !== '57014') return message;
  return `${message.replace(/: .*$/s, '')}: not answered within ${statementTimeoutMs / 1000} s (bellows check --timeout allows more)`;
}

function judge(row: Row, place: FilePlace): Part {
  const { issue, count, ...others } = row;
  const more = Object.keys(others);
  if (!('issue' in row && 'count' in row) || more.length > 0) {
    const columns = Object.keys(row).join(', ');
    return refused(
      place,
      `returns the columns ${columns}`,
      'Return issue and count, and nothing else: values of rows have no place in a report.',
    );
  }
  if (row.issue === null && count === null) return {};
  const number = Number(count);
  if (count === null || Number.isNaN(number)) {
    return refused(place, 'returns a count that is no number', 'Return count(*), or another number.');
  }
  if (number <= 0) return {};
  return {
    findings: [
      finding({
        count: number,
        object: String(issue),
        means: `It counts ${shown(number)}.`,
        mend: [`-- the SELECT is at ${place.file}:${place.line}`],
        place,
      }),
    ],
  };
}

function refused(place: FilePlace, what: string, next: string): Part {
  return { unknown: [unknown({ why: `the statement at ${place.file}:${place.line} ${what}`, next, place })] };
}

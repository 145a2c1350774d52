/**
 * Reads the format of a plain SQL migration: dbmate's directives (`-- migrate:up`, `-- migrate:down`, the option
 * `transaction:false`), files with an up block alone, and files without a directive, which are all up.
 */
import type { SqlMigration, SqlSection } from '#core/sql-migration';
import { checksumOfText } from '#core/text-checksum';
import { DirectiveError } from './errors.js';
import type { MigrationFile } from './migration-files.js';
import { commentAtTop, isComment, isOnlyComments } from './sql-comments.js';

interface Directive {
  readonly block: 'up' | 'down';
  readonly transaction: boolean;
  /** 0-based. */
  readonly line: number;
  /** Indexes into the text: of the directive's line, and of what follows it. */
  readonly start: number;
  readonly end: number;
}

/** @throws DirectiveError for a directive that cannot be understood, or stands where it means nothing */
export function readSqlMigration(file: MigrationFile, text: string): SqlMigration {
  const source = text.replace(/^\ufeff/, '');
  const directives = directivesOf(source, file.file);
  const { up, down } = sectionsOf(source, directives, file.file);
  const { id, version, path } = file;
  return {
    ...{ id, version, path, file: file.file, source, up, down },
    checksum: checksumOfText(source),
    description: commentAtTop(source),
  };
}

function sectionsOf(
  source: string,
  directives: readonly Directive[],
  file: string,
): { readonly up: SqlSection; readonly down: SqlSection | null } {
  const [ups, downs] = [
    directives.filter((d) => d.block === 'up'),
    directives.filter((d) => d.block === 'down'),
  ];
  const [up, down] = [ups[0], downs[0]];
  const wrong = (at: Directive, what: string, next: string) =>
    new DirectiveError(file, source, at.line, what, next);
  if (ups[1] !== undefined)
    throw wrong(ups[1], 'has a second -- migrate:up', 'A file is one migration: make two files of it.');
  if (downs[1] !== undefined)
    throw wrong(downs[1], 'has a second -- migrate:down', 'Put both into one block.');
  if (up === undefined && down !== undefined)
    throw wrong(
      down,
      'has a -- migrate:down, and no -- migrate:up',
      'Write -- migrate:up above the statements that are to be run.',
    );
  if (up === undefined) return { up: section(source, 0, source.length, true), down: null };
  if (!isOnlyComments(source.slice(0, Math.min(up.start, down?.start ?? up.start))))
    throw wrong(
      up,
      'has statements above -- migrate:up',
      'Put them below it; only comments may stand above.',
    );
  if (down !== undefined && down.start < up.start)
    throw wrong(down, 'has -- migrate:down above -- migrate:up', 'Put the up block first.');
  return {
    up: section(source, up.end, down?.start ?? source.length, up.transaction),
    down: down === undefined ? null : section(source, down.end, source.length, down.transaction),
  };
}

function section(source: string, from: number, to: number, transaction: boolean): SqlSection {
  return {
    transaction,
    // Made when it is asked for: a status reads a thousand files and runs none of them.
    get text() {
      return source.slice(0, from).replaceAll(/[^\n\r]/g, ' ') + source.slice(from, to);
    },
  };
}

const DIRECTIVE = /^--\s*migrate:(up|down)(?:\s+(\S.*?))?\s*$/;
const ALMOST = /^\s*--+\s*(?:@?migrate|migration)\s*:\s*(?:up|down)\b/i;

function directivesOf(source: string, file: string): readonly Directive[] {
  const lines = source.split('\n');
  const found: Directive[] = [];
  let start = 0;
  for (const [line, text] of lines.entries()) {
    const end = start + text.length + 1;
    const match = DIRECTIVE.exec(text);
    if (match !== null && !isRemark(lines, line))
      found.push({
        ...{ block: match[1] === 'up' ? 'up' : 'down', line, start, end },
        transaction: transactionOf(match[2] ?? '', { file, source, line }),
      });
    else if (match === null && ALMOST.test(text))
      throw new DirectiveError(
        file,
        source,
        line,
        'has a line that looks like a directive and is none',
        'A directive is -- migrate:up or -- migrate:down at the start of its line, with nothing but transaction:false behind it.',
      );
    start = end;
  }
  return found;
}

/**
 * A `-- migrate:down` in the middle of a paragraph of comments, in a file without `-- migrate:up`, is prose about down
 * blocks. A real one stands first in its paragraph, or has a statement below it.
 */
function isRemark(lines: readonly string[], at: number): boolean {
  if (lines.some((line) => /^--\s*migrate:up\b/.test(line))) return false;
  const isIn = (line: string | undefined) => line !== undefined && isComment(line);
  if (!isIn(lines[at - 1]) || !isIn(lines[at + 1])) return false;
  const below = lines.slice(at).findIndex((line) => !isComment(line));
  return below < 0 || (lines[at + below] ?? '').trim() === '';
}

function transactionOf(
  options: string,
  { file, source, line }: { readonly file: string; readonly source: string; readonly line: number },
): boolean {
  for (const option of options.split(/\s+/).filter(Boolean)) {
    if (option === 'transaction:false') return false;
    if (option === 'transaction:true') continue;
    throw new DirectiveError(
      file,
      source,
      line,
      `has an option that is not known: ${option.slice(0, 40)}`,
      'The one option is transaction:false, for statements that cannot run in a transaction.',
    );
  }
  return true;
}

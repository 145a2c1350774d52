import { BellowsError, EXIT } from '#core/errors';
import { listed, type Problem } from './problems.js';

/** The configuration says something that cannot be, or leaves out what must be there. All of it at once. */
export class SettingsError extends BellowsError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], where: string) {
    super(
      'BELLOWS_SETTINGS',
      {
        what: `The configuration cannot be used:${listed(problems)}`,
        why: `It was read from ${where}.`,
        left: 'Nothing was connected to, and nothing was changed.',
        next: 'Correct what is listed and run the command again.',
      },
      { problems },
      EXIT.usage,
    );
    this.problems = problems;
  }
}

export type FileErrorCode =
  | 'BELLOWS_FOLDER_MISSING'
  | 'BELLOWS_FILE_NAME'
  | 'BELLOWS_FILE_VERSION'
  | 'BELLOWS_FILE_EMPTY'
  | 'BELLOWS_SQL_DIRECTIVE'
  | 'BELLOWS_FILE_OUTSIDE'
  | 'BELLOWS_FILE_UNREADABLE'
  | 'BELLOWS_FILE_SYNTAX'
  | 'BELLOWS_FILE_IMPORT'
  | 'BELLOWS_FILE_THREW'
  | 'BELLOWS_FILE_UNSETTLED'
  | 'BELLOWS_FILE_ENDED'
  | 'BELLOWS_FILE_EXPORT';

/** A migration or configuration file that cannot be taken, before anybody looked at what it declares. */
export class FileError extends BellowsError {
  /** As shown: relative to the working directory. */
  readonly file: string;

  constructor(
    code: FileErrorCode,
    file: string,
    text: { readonly what: string; readonly why?: string; readonly next: string },
    data: Readonly<Record<string, unknown>> = {},
  ) {
    super(code, { ...text, left: 'Nothing was changed.' }, { file, ...data }, EXIT.usage);
    this.file = file;
  }
}

/** A directive of a plain SQL migration that cannot be understood, or stands where it means nothing. */
export class DirectiveError extends FileError {
  readonly #shown: string;

  /** @param line 0-based */
  constructor(file: string, source: string, line: number, what: string, next: string) {
    super(
      'BELLOWS_SQL_DIRECTIVE',
      file,
      { what: `${file}:${line + 1} ${what}.`, next },
      { line: line + 1, column: 1 },
    );
    this.#shown = (source.split('\n')[line] ?? '').trimEnd().slice(0, 120);
  }

  /** The message, and the line that it is about. */
  render(): string {
    const prefix = `${String(this.data.line)} | `;
    return [this.message, `${prefix}${this.#shown}`, `${' '.repeat(prefix.length)}^`].join('\n');
  }
}

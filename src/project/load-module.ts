import { relative } from 'node:path';
import { FileError } from './errors.js';
import { maskUrl } from './mask-url.js';
import { isRecord } from './problems.js';

export interface LoadOptions {
  /** Paths are shown relative to it. */
  readonly cwd: string;
  /** Where compiled files are kept; `false`: nowhere. */
  readonly cache: string | false;
  /** What an import of these names gives, whatever is or is not installed beside the file. */
  readonly modules: Readonly<Record<string, unknown>>;
}

/**
 * Runs a TypeScript or JavaScript file and gives its default export. Each call runs the file as it is now: a process that
 * goes on for days must see an edit.
 *
 * @throws FileError: it cannot be read or compiled, imports what is not there, throws, or has no default export
 */
export async function loadDefaultExport(file: string, options: LoadOptions): Promise<unknown> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(file, {
    fsCache: options.cache,
    moduleCache: false,
    interopDefault: false,
    tryNative: false,
    virtualModules: { ...options.modules },
  });
  const exported = await jiti.import<unknown>(file).catch((error: unknown) => {
    throw loadingError(error, file, options.cwd);
  });
  if (isRecord(exported) && 'default' in exported) return exported.default;
  throw new FileError('BELLOWS_FILE_EXPORT', relative(options.cwd, file), {
    what: `${relative(options.cwd, file)} has no default export.`,
    why: 'What the file declares is what it exports as default.',
    next: 'Write `export default …` in front of it.',
  });
}

function loadingError(error: unknown, file: string, cwd: string): FileError {
  const shown = relative(cwd, file);
  const { message, code } = factsOf(error);
  const syntax = /^(?:ParseError|SyntaxError): ([\s\S]*?)\s*\n?\s(\S.*?):(\d+):(\d+)\s*$/.exec(message);
  if (syntax !== null) return syntaxError(syntax, shown, cwd);
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return importError(message, shown);
  if (['ENOENT', 'EACCES', 'EISDIR', 'EPERM'].includes(code)) return unreadable(code, shown);
  return thrown(error, message, file, shown);
}

function factsOf(error: unknown): { readonly message: string; readonly code: string } {
  if (!isRecord(error)) return { message: String(error), code: '' };
  return {
    message: String(error.message ?? 'no message'),
    code: typeof error.code === 'string' ? error.code : '',
  };
}

/** The place may be in a file that the migration imports. Columns are counted from 0 there. */
function syntaxError(
  [, why = '', path = '', line = '', column = '']: RegExpExecArray,
  shown: string,
  cwd: string,
) {
  const broken = relative(cwd, path);
  const place = `${broken}:${line}:${Number(column) + 1}`;
  return new FileError(
    'BELLOWS_FILE_SYNTAX',
    shown,
    {
      what: `${place} cannot be compiled: ${why.trim()}`,
      ...(broken === shown ? {} : { why: `${shown} imports it.` }),
      next: 'Correct the file; `npx tsc --noEmit` shows the same place.',
    },
    { place, line: Number(line), column: Number(column) + 1 },
  );
}

function importError(message: string, shown: string): FileError {
  const what = /'([^']+)'/.exec(message)?.[1] ?? 'something';
  return new FileError('BELLOWS_FILE_IMPORT', shown, {
    what: `${shown} imports ${JSON.stringify(what)}, which is not there.`,
    why: 'The file, or a file that it imports, names a module that cannot be found from there.',
    next: 'Install the package, or correct the path.',
  });
}

function unreadable(code: string, shown: string): FileError {
  return new FileError('BELLOWS_FILE_UNREADABLE', shown, {
    what: `${shown} cannot be read (${code}).`,
    next: 'Check that the file is there and that this user may read it.',
  });
}

function thrown(error: unknown, message: string, file: string, shown: string): FileError {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.split(file)[1]?.match(/^:(\d+):(\d+)/);
  const place = at ? `${shown}:${at[1]}:${at[2]}` : shown;
  const missing = /^\(0 , _\w+\.(\w+)\) is not a function$/.exec(message)?.[1];
  const said =
    missing === undefined
      ? withoutSecrets(message)
      : `${missing} is not exported by the module that it is imported from`;
  return new FileError(
    'BELLOWS_FILE_THREW',
    shown,
    {
      what: `${place} threw while it was loaded: ${said}`,
      why: 'A file is run to learn what it declares; it must not fail, and should not depend on anything outside.',
      next: 'Correct the file and run the command again.',
    },
    { place },
  );
}

/** Whatever a file throws is not ours: a driver may well put the whole URL into its message. */
function withoutSecrets(message: string): string {
  return message.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s'"`]+/gi, maskUrl);
}

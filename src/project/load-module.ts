import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { whileLoading } from './being-loaded.js';
import { cacheFolder } from './cache-folder.js';
import { FileError } from './errors.js';
import { maskUrl } from './mask-url.js';
import { isRecord } from './problems.js';
import { publicModules } from './public-modules.js';

/** Runs TypeScript and JavaScript files of a project. */
export interface Loader {
  /** Where compiled files are kept; `false`: nowhere. */
  readonly cache: string | false;
  /**
   * Runs a file and gives its default export. Each call runs the file as it is now: a process that goes on for days must see an
   * edit.
   *
   * @param file absolute
   * @throws FileError: it cannot be read or compiled, imports what is not there, throws, or has no default export
   */
  defaultExport(file: string): Promise<unknown>;
}

/** @param cwd paths are shown relative to it */
export async function openLoader(cwd: string): Promise<Loader> {
  const cache = await cacheFolder(cwd);
  // A folder of plain SQL needs no compiler.
  let compiler: Promise<Compiler> | null = null;
  return {
    cache,
    defaultExport: async (file) => {
      compiler ??= openCompiler(cwd, cache);
      const opened = await compiler;
      const exported = await whileLoading(relative(cwd, file), () => opened.import(file)).catch(
        (error: unknown) => {
          throw loadingError(error, file, cwd);
        },
      );
      if (isRecord(exported) && 'default' in exported) return exported.default;
      throw noDefaultExport(relative(cwd, file));
    },
  };
}

interface Compiler {
  import(file: string): Promise<unknown>;
}

async function openCompiler(cwd: string, cache: string | false): Promise<Compiler> {
  // Not by `import`: Node would first read all its 190 kB for the names that it exports.
  const { createJiti }: typeof import('jiti') = createRequire(import.meta.url)('jiti');
  return createJiti(join(cwd, 'any'), {
    fsCache: cache,
    moduleCache: false,
    interopDefault: false,
    tryNative: false,
    virtualModules: { ...(await publicModules()) },
  });
}

function noDefaultExport(shown: string): FileError {
  return new FileError('BELLOWS_FILE_EXPORT', shown, {
    what: `${shown} has no default export.`,
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

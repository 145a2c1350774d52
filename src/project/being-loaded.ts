/**
 * Which file runs at this moment: of one that never comes to its end, or that ends the process, nobody else can tell once
 * the process exits.
 */
import { FileError } from './errors.js';

/** As shown: relative to the working directory. */
const running = new Set<string>();

/** A file only declares, so one that takes longer will not end. Nobody could tell otherwise where connections keep the process alive. */
const MOST_MS = 60_000;

export async function whileLoading<R>(shown: string, load: () => Promise<R>): Promise<R> {
  running.add(shown);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unsettledError(shown)), MOST_MS).unref();
  });
  try {
    return await Promise.race([load(), late]);
  } finally {
    clearTimeout(timer);
    running.delete(shown);
  }
}

/**
 * What to say where the process exits; null: no file is being loaded.
 *
 * @param unsettled nothing was left that could have gone on
 */
export function endedWhileLoading(unsettled: boolean): FileError | null {
  const [file] = running;
  if (file === undefined) return null;
  if (unsettled) return unsettledError(file);
  return new FileError('BELLOWS_FILE_ENDED', file, {
    what: `The process was ended while ${file} was being loaded.`,
    why: 'It, or a file that it imports, calls `process.exit`.',
    next: 'Take that out of the file and run the command again: a file only declares what is to be done.',
  });
}

function unsettledError(file: string): FileError {
  return new FileError('BELLOWS_FILE_UNSETTLED', file, {
    what: `${file} was being loaded, and never came to its end.`,
    why: 'It, or a file that it imports, has an `await` at its top level that never settles.',
    next: 'Take that await out of the file and run the command again: a file only declares what is to be done.',
  });
}

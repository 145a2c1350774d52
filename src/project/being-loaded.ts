/**
 * Which file runs at this moment: of one that never comes to its end, or that ends the process, nobody else can tell once
 * the process exits.
 */
import { FileError } from './errors.js';

/** As shown: relative to the working directory. */
const running = new Set<string>();

export async function whileLoading<R>(shown: string, load: () => Promise<R>): Promise<R> {
  running.add(shown);
  try {
    return await load();
  } finally {
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
  return unsettled
    ? new FileError('BELLOWS_FILE_UNSETTLED', file, {
        what: `${file} was being loaded, and never came to its end.`,
        why: 'It, or a file that it imports, has an `await` at its top level that never settles.',
        next: 'Take that await out of the file and run the command again: a file only declares what is to be done.',
      })
    : new FileError('BELLOWS_FILE_ENDED', file, {
        what: `The process was ended while ${file} was being loaded.`,
        why: 'It, or a file that it imports, calls `process.exit`.',
        next: 'Take that out of the file and run the command again: a file only declares what is to be done.',
      });
}

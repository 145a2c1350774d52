/**
 * What user code throws where nobody waits for it: a promise that is not awaited yet, a callback of a timer. Node would end the
 * process over it, and with it every other migration, and print the message, which may quote a row.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '#core/errors';

/** Of this package, as built or as source. */
const OWN = dirname(dirname(fileURLToPath(import.meta.url)));

/** Keeps the process going, and says what was thrown and where. An error of our own ends it. */
export function surviveStrayErrors(write: (text: string) => void): void {
  const told = (error: unknown) => {
    const frames = framesOf(error);
    const name = error instanceof Error ? error.constructor.name : typeof error;
    if (frames[0]?.includes(OWN)) {
      write(
        `${[name, ...frames].join('\n  ')}\nThis is a fault of Bellows; what is committed stays. [BELLOWS_UNEXPECTED]\n`,
      );
      process.exit(EXIT.operation);
    }
    write(
      `Something was thrown where nobody waits for it: ${[name, ...frames.slice(0, 1)].join(' ')}. Its message is not shown, since ` +
        'it may quote a row. The process goes on; a transform that it belongs to ends by its timeout. Await every promise. ' +
        '[BELLOWS_STRAY_ERROR]\n',
    );
  };
  process.on('unhandledRejection', told);
  process.on('uncaughtException', told);
}

/** Innermost first, without those of Node itself, and without the message. */
function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => /^at .*:\d+:\d+\)?$/.test(line) && !line.includes('node:'));
}

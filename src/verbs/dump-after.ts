import { BellowsError } from '#core/errors';
import type { Context } from './context.js';
import { dump } from './dump.js';

/** Writes the schema file after the schema has changed. Loud where it fails: a stale file that nobody noticed is what CI trips over. */
export async function dumpAfter(context: Context): Promise<string | null> {
  if (!context.settings.dumpSchema) return null;
  try {
    const { file, changed } = await dump(context);
    return changed ? file : null;
  } catch (error) {
    if (!(error instanceof BellowsError)) throw error;
    const left =
      `What was to be done to the database is done; the schema file was not written. ${error.text.left ?? ''}`.trim();
    throw new BellowsError(error.code, { ...error.text, left }, error.data, error.exit);
  }
}

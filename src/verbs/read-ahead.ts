import { prepareUp } from '#everyday/sql/prepare';
import type { Context } from './context.js';

/**
 * Loads the parser and reads the plain files with it, while the server does something else: a database that knows nothing of Bellows has
 * most of them before it. What cannot be read is told by whoever needs it.
 */
export async function readAhead(context: Context): Promise<void> {
  const { plain } = await context.project();
  for (const file of plain) prepareUp(file);
}

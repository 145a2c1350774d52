import type { Cli } from './cli.js';
import { ConfirmationError, DeclinedError } from './errors.js';

/** What would be done, for whoever has to answer. */
export interface Consequences {
  /** One or two sentences: what is dropped or ended, and whether there is a way back. */
  readonly what: string;
  /** Lines below it on a terminal. */
  readonly details?: readonly string[];
}

/**
 * Asks on a terminal before something is destroyed; `--yes` answers beforehand.
 *
 * @param doing as it stands after "whether to": `end session 4711`
 * @param consequences shown above the question, or with the error where nobody can be asked
 * @throws ConfirmationError without a terminal and without `--yes`; DeclinedError for any answer but yes
 */
export async function confirm(
  cli: Cli,
  doing: string,
  consequences: () => Promise<Consequences>,
): Promise<void> {
  if (cli.yes) return;
  const { what, details = [] } = await consequences();
  const { isTTY, prompt } = cli.io;
  if (!isTTY || prompt === undefined) throw new ConfirmationError(doing, what);
  for (const line of [what, ...details]) cli.note(line);
  const answer = await prompt(`${doing[0]?.toUpperCase() ?? ''}${doing.slice(1)}? [y/N] `);
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new DeclinedError(doing);
}

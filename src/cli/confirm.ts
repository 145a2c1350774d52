import type { Cli } from './cli.js';
import { ConfirmationError, DeclinedError } from './errors.js';

/**
 * Asks on a terminal before something is destroyed; `--yes` answers beforehand.
 *
 * @param doing as it stands after "whether to": `end session 4711`
 * @param explain lines shown above the question
 * @throws ConfirmationError without a terminal and without `--yes`; DeclinedError for any answer but yes
 */
export async function confirm(
  cli: Cli,
  doing: string,
  explain: () => Promise<readonly string[]> = async () => [],
): Promise<void> {
  if (cli.yes) return;
  const { isTTY, prompt } = cli.io;
  if (!isTTY || prompt === undefined) throw new ConfirmationError(doing);
  for (const line of await explain()) cli.note(line);
  const answer = await prompt(`${doing[0]?.toUpperCase() ?? ''}${doing.slice(1)}? [y/N] `);
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new DeclinedError(doing);
}

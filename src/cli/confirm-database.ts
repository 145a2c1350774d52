import type { DatabaseTarget } from '#api';
import type { Cli, Invocation } from './cli.js';
import { confirm } from './confirm.js';
import { DeclinedError } from './errors.js';

/**
 * Makes sure that a database is meant to be dropped: by yes where it may, by its name where it is guarded.
 *
 * @returns the name that was given; what is missing, the verb itself refuses
 */
export async function confirmDrop(
  cli: Cli,
  invocation: Invocation,
  { name, place, guarded }: DatabaseTarget,
): Promise<string | undefined> {
  const given = invocation.text('confirm');
  if (given !== undefined) return given;
  const what = `It drops database "${name}" at ${place} with everything in it; there is no way back.`;
  if (guarded === null) {
    await confirm(cli, `drop database "${name}"`, async () => ({ what }));
    return undefined;
  }
  const { isTTY, prompt } = cli.io;
  if (!isTTY || prompt === undefined) return undefined;
  cli.note(`${what} And ${guarded}.`);
  const typed = await prompt(`Type its name, ${name}, to drop it: `);
  if (typed.trim() !== name) throw new DeclinedError(`drop database "${name}"`);
  return name;
}

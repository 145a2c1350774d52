import type { CommanderError } from 'commander';
import { UsageError } from './errors.js';

/** What the parser did not understand, in our words; null where it only printed help or the version. */
export function usageError(
  error: CommanderError,
  argv: readonly string[],
  commands: readonly string[],
): UsageError | null {
  if (error.exitCode === 0) return null;
  const verb = argv.find((arg) => commands.includes(arg));
  const help = verb === undefined ? 'bellows --help' : `bellows ${verb} --help`;
  if (error.code === 'commander.help') return new UsageError('It does not say which command.', help);
  const [, message = error.message, hint] =
    /^(?:error: )?([\s\S]*?)(?:\n\((Did you mean [\s\S]*)\))?$/.exec(error.message) ?? [];
  const what = message.charAt(0).toUpperCase() + message.slice(1).trim();
  return new UsageError(
    /[.?!]$/.test(what) ? what : `${what}.`,
    hint === undefined ? help : `${hint} Else: ${help}`,
  );
}

/** What can be typed, read off the parser itself: a verb that is added completes without anybody thinking of it. */
import type { Command, Option } from 'commander';

export interface Completed {
  /** `quarantine list`; empty for the command itself. */
  readonly path: string;
  readonly summary: string;
  /** Its subcommands. */
  readonly words: readonly string[];
  readonly options: readonly CompletedOption[];
  /** Whether it takes the id of a migration. */
  readonly ids: boolean;
}

export interface CompletedOption {
  /** `--until` */
  readonly flag: string;
  readonly description: string;
  readonly value: 'none' | 'files' | 'free' | readonly string[];
}

/** The command itself first, then each verb, then what is below it. */
export function completed(command: Command, path = ''): readonly Completed[] {
  const below = command.commands.filter((one) => one.name() !== 'help');
  const own: Completed = {
    path,
    summary: command.summary() || command.description(),
    words: below.map((one) => one.name()),
    options: command.options.filter(({ hidden }) => !hidden).flatMap(optionOf),
    ids: command.registeredArguments.some((argument) => argument.name() === 'id'),
  };
  return [own, ...below.flatMap((one) => completed(one, `${path} ${one.name()}`.trim()))];
}

function optionOf(option: Option): readonly CompletedOption[] {
  const { long, description, required, optional, flags, argChoices } = option;
  if (!long) return [];
  const taken = required || optional;
  const files = /[<[](file|dir|path)[\]>]/.test(flags) ? 'files' : 'free';
  return [{ flag: long, description, value: taken ? (argChoices ?? files) : 'none' }];
}

import type { KnobsView } from '#api';
import { argument, reasonOf } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { UsageError } from '../errors.js';
import { knobLines } from '../render/knobs.js';

export const set: Verb = (parent, action) => {
  parent
    .command('set <id> [knobs...]')
    .summary('read or turn the knobs of a run; effective at the next batch')
    .description(
      'Without knobs it prints all of them; a name prints that one; name=value sets it, for this run, at the next batch, also after restarts. rate (rows/s or none), concurrency (a number or auto), max-concurrency, batch-target (ms), vacuum (on, off), <signal> (on, off), <signal>.<limit>.',
    )
    .option('--reason <text>', 'why; kept in the history')
    .addHelpText(
      'after',
      '\nExamples:\n  $ bellows set 20240102150000_split_user_name rate=5000 concurrency=2 --reason "launch day"\n  $ bellows set 20240102150000_split_user_name replication_lag.seconds=10',
    )
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const [id, words] = [argument(invocation, 0), invocation.args.slice(1)];
  const changes = Object.fromEntries(words.filter((word) => word.includes('=')).map(pair));
  const asked = words.filter((word) => !word.includes('='));
  const turned = Object.keys(changes);
  const why = reasonFor(invocation, turned);
  const view = await cli.connected((bellows) =>
    turned.length === 0 ? bellows.knobs(id) : bellows.set(id, changes, why),
  );
  const shown = words.length === 0 ? view : only(view, [...turned, ...asked]);
  cli.answer(shown, () => knobLines(shown, cli.view));
  return undefined;
}

function reasonFor(invocation: Invocation, turned: readonly string[]): { readonly reason?: string } {
  if (invocation.text('reason') === undefined) return {};
  if (turned.length > 0) return { reason: reasonOf(invocation, 'A change of the pace with --reason') };
  throw new UsageError('--reason stands beside a knob that is turned.', 'bellows set --help');
}

function pair(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function only(view: KnobsView, names: readonly string[]): KnobsView {
  const knobs = names.map((name) => {
    const found = view.knobs.find((knob) => knob.name === name);
    if (found !== undefined) return found;
    throw new UsageError(
      `"${name.slice(0, 80)}" is no knob.`,
      `bellows set ${view.migration} prints all of them.`,
    );
  });
  return { ...view, knobs };
}

import { Option } from 'commander';
import { EXIT } from '#core/errors';
import { CHECKS } from '#core/gate';
import { argument, oneOf, reasonOf, refuseAlone } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { gateLines } from '../render/gate.js';

export const gate: Verb = (parent, action) => {
  parent
    .command('gate <id>')
    .summary('every check before contract; exits 0 open, 1 shut')
    .description(
      'Evaluates every check now and prints what each saw. Exits 0 where the gate is open, 1 where it is shut: for pipelines.',
    )
    .addOption(new Option('--skip <check>', 'skip one named check; audited').choices(CHECKS))
    .option('--reason <text>', 'why it is skipped')
    .addHelpText(
      'after',
      '\nExample:\n  $ bellows gate 20240102150000_split_user_name --skip soak --reason "hotfix, agreed with ops"',
    )
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const id = argument(invocation, 0);
  const skip = oneOf(invocation.text('skip'), CHECKS);
  if (skip === undefined) refuseAlone(invocation, 'reason', 'skip');
  const reason = skip === undefined ? '' : reasonOf(invocation, '--skip');
  const report = await cli.connected((bellows) =>
    skip === undefined ? bellows.gate(id) : bellows.skipCheck(id, skip, { reason }),
  );
  cli.answer(report, () => gateLines(report, cli.view));
  return report.open ? EXIT.done : EXIT.condition;
}

import { EXIT } from '#core/errors';
import { argument } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { interruptible } from '../interrupt.js';
import { createCounter } from '../live.js';
import { verificationLines } from '../render/reports.js';

export const verify: Verb = (parent, action) => {
  parent
    .command('verify <id>')
    .summary('compare old and new values of every row')
    .description(
      'Reads every row and compares the two shapes by value. Exits 1 while rows are pending or differ. Rows whose two sides were both given by the application are counted, and left to it.',
    )
    .option('--repair', 'put right what differs where that needs no guessing, then verify again')
    .addHelpText('after', '\nExample:\n  $ bellows verify 20240102150000_split_user_name --repair')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const counter = createCounter(cli, 'verifying');
  const report = await interruptible(cli.io, ({ signal }) =>
    cli
      .connected((bellows) =>
        bellows.verify(argument(invocation, 0), {
          repair: invocation.flag('repair'),
          signal,
          onProgress: counter.tell,
        }),
      )
      .finally(counter.end),
  );
  cli.answer(report, () => verificationLines(report, cli.view));
  return report.pending === 0 && report.mismatched === 0 ? EXIT.done : EXIT.condition;
}

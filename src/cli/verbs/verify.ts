import { EXIT } from '#core/errors';
import { argument, wholeNumber } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { UsageError } from '../errors.js';
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
    .option(
      '--parallel <n>',
      'parts of the table that are read at a time, 1 to 8 (default: backfill.verifyParallel, 2)',
    )
    .addHelpText('after', '\nExample:\n  $ bellows verify 20240102150000_split_user_name --repair')
    .action(action(run));
};

/** Each takes a connection of the process' pool. */
const MOST = 8;

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const parallel = wholeNumber(invocation.text('parallel'), '--parallel');
  if (parallel !== undefined && parallel > MOST) throw tooMany();
  const counter = createCounter(cli, 'verifying');
  const report = await interruptible(cli.io, ({ signal }) =>
    cli
      .connected((bellows) =>
        bellows.verify(argument(invocation, 0), {
          repair: invocation.flag('repair'),
          ...(parallel === undefined ? {} : { parallel }),
          signal,
          onProgress: counter.tell,
        }),
      )
      .finally(counter.end),
  );
  cli.answer(report, () => verificationLines(report, cli.view));
  return report.pending === 0 && report.mismatched === 0 ? EXIT.done : EXIT.condition;
}

function tooMany(): UsageError {
  return new UsageError(
    `--parallel must be at most ${MOST}: each part takes a connection.`,
    `--parallel ${MOST}`,
  );
}

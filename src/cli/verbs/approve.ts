import { argument, reasonOf } from '../arguments.js';
import type { Verb } from '../cli.js';
import { gateLines } from '../render/gate.js';

export const approve: Verb = (parent, action) => {
  parent
    .command('approve <id>')
    .summary('allow the contract; who, why and when are kept')
    .description(
      'Approves the contract, bound to the file and the verification as they are now: void when either changes. An approved, open gate is contracted by whoever leads; `bellows contract` does it now.',
    )
    .requiredOption('--reason <text>', 'why; kept in the history')
    .addHelpText(
      'after',
      '\nExample:\n  $ bellows approve 20240102150000_split_user_name --reason "api 42 is everywhere"',
    )
    .action(
      action(async (cli, invocation) => {
        const reason = reasonOf(invocation, 'An approval');
        const report = await cli.connected((bellows) => bellows.approve(argument(invocation, 0), { reason }));
        cli.answer(report, () => gateLines(report, cli.view));
        return undefined;
      }),
    );
};

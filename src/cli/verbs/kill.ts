import { argument, wholeNumber } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { confirm } from '../confirm.js';

export const kill: Verb = (parent, action) => {
  parent
    .command('kill <pid>')
    .summary('end a session that blocks; audited')
    .description(
      'Ends the database session with this process id, as `bellows status <id>` names it; its transaction is rolled back. It asks on a terminal, and needs --yes elsewhere.',
    )
    .option('--reason <text>', 'why; kept in the history')
    .addHelpText('after', '\nExample:\n  $ bellows kill 21848 --reason "forgotten psql" --yes')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const pid = wholeNumber(argument(invocation, 0), 'The process id') ?? 0;
  const reason = invocation.text('reason');
  await confirm(cli, `end the session with pid ${pid}`, async () => ({
    what: 'It ends the session, and what its open transaction did is rolled back.',
  }));
  await cli.connected((bellows) => bellows.kill(pid, reason === undefined ? {} : { reason }));
  cli.answer({ killed: pid }, () => [`The session with pid ${pid} was ended.`]);
  return undefined;
}

import type { Command } from 'commander';
import { counted } from '#core/numbers';
import { argument, reasonOf, wholeNumber } from '../arguments.js';
import type { Action, Verb } from '../cli.js';
import { quarantineLines } from '../render/reports.js';

export const quarantine: Verb = (parent, action) => {
  const group = parent
    .command('quarantine')
    .summary('rows that cannot be transformed: list, retry, skip')
    .description(
      'Rows that the mapping could not transform. Open ones hold the gate shut. Shown by key, never by value.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows quarantine list 20240102150000_split_user_name');
  list(group, action);
  retry(group, action);
  skip(group, action);
};

function list(group: Command, action: Action): void {
  group
    .command('list [id]')
    .description('The rows in quarantine, of one migration or of all.')
    .action(
      action(async (cli, { args: [id] }) => {
        const rows = await cli.connected((bellows) => bellows.quarantine.list(id));
        cli.answer(rows, () => quarantineLines(rows, cli.view));
        return undefined;
      }),
    );
}

function retry(group: Command, action: Action): void {
  group
    .command('retry <id> [row]')
    .description('Returns rows to pending, all or the one with this number: the walk takes them again.')
    .action(
      action(async (cli, invocation) => {
        const row = wholeNumber(invocation.args[1], 'The number of the row');
        const rows = await cli.connected((bellows) => bellows.quarantine.retry(argument(invocation, 0), row));
        cli.answer({ rows }, () => [`${counted(rows, 'row')} returned to pending.`]);
        return undefined;
      }),
    );
}

function skip(group: Command, action: Action): void {
  group
    .command('skip <id> [row]')
    .description(
      'Leaves rows as they are, all or the one with this number; audited. They no longer hold the gate.',
    )
    .requiredOption('--reason <text>', 'why; kept in the history')
    .action(
      action(async (cli, invocation) => {
        const id = wholeNumber(invocation.args[1], 'The number of the row');
        const reason = reasonOf(invocation, 'Skipping rows');
        const rows = await cli.connected((bellows) =>
          bellows.quarantine.skip(argument(invocation, 0), { reason, ...(id === undefined ? {} : { id }) }),
        );
        cli.answer({ rows }, () => [`${counted(rows, 'row')} left as they are.`]);
        return undefined;
      }),
    );
}

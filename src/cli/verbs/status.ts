import type { Verb } from '../cli.js';
import { statusLines } from '../render/status-list.js';
import { statusOneLines } from '../render/status-one.js';

export const status: Verb = (parent, action) => {
  parent
    .command('status [id]')
    .summary('what stands where; with an id: why it is not moving')
    .description(
      'Lists the migrations, what each waits for, and what to do next. With an id: the one screen that answers why it is not moving: progress, throttle, lock blockers, workers, gate, steps.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows status 20240102150000_split_user_name')
    .action(
      action(async (cli, { args: [id] }) => {
        if (id === undefined) {
          const all = await cli.connected((bellows) => bellows.status());
          cli.answer(all, () => statusLines(all, cli.view));
          return;
        }
        const one = await cli.connected((bellows) => bellows.statusOf(id));
        cli.answer(one, () => statusOneLines(one, cli.view));
        return;
      }),
    );
};

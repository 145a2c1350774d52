import type { Bellows } from '#api';
import { EXIT } from '#core/errors';
import type { MigrationStatus } from '#core/status';
import type { Verb } from '../cli.js';
import { statusLines } from '../render/status-list.js';
import { statusOneLines } from '../render/status-one.js';
import { type Look, watch } from '../watch.js';

export const status: Verb = (parent, action) => {
  parent
    .command('status [id]')
    .summary('what stands where; with an id: why it is not moving')
    .description(
      'Lists the migrations, what each waits for, and what to do next. With an id: the one screen that answers why it is not moving: progress, throttle, lock blockers, workers, gate, steps.',
    )
    .option('--exit-code', 'exit 1 where up would have something to do')
    .option('--quiet', 'print nothing; with its exit code')
    .option('--watch', 'look again every two seconds, until Ctrl-C or until it is over')
    .addHelpText(
      'after',
      '\nExamples:\n  $ bellows status 20240102150000_split_user_name\n  $ bellows status --watch',
    )
    .action(
      action(async (cli, { args: [id], flag }) =>
        cli.connected(async (bellows) => {
          const look = () => lookAt(bellows, id);
          if (flag('watch')) return watch(cli, look);
          const { document, lines, migrations } = await look();
          if (!flag('quiet')) cli.answer(document, () => lines(cli.view));
          return flag('exitCode') || flag('quiet') ? exitOf(migrations) : EXIT.done;
        }),
      ),
    );
};

/** What stands at a shut gate, or was taken back, is nothing that `up` could move. */
function exitOf(migrations: readonly MigrationStatus[]): number {
  const settled = ({ state, failed }: MigrationStatus) =>
    failed === null && ['done', 'gated', 'rolled_back'].includes(state);
  return migrations.every(settled) ? EXIT.done : EXIT.condition;
}

async function lookAt(bellows: Bellows, id: string | undefined): Promise<Look> {
  if (id === undefined) {
    const all = await bellows.status();
    return { document: all, migrations: all.migrations, lines: (view) => statusLines(all, view) };
  }
  const one = await bellows.statusOf(id);
  return { document: one, migrations: [one.migration], lines: (view) => statusOneLines(one, view) };
}

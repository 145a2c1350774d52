import type { Bellows, Status } from '#api';
import { EXIT } from '#core/errors';
import type { Cli, Invocation, Verb } from '../cli.js';
import { confirmDrop } from '../confirm-database.js';
import { type Interrupt, interruptible } from '../interrupt.js';
import { createLive, type Live } from '../live.js';
import { narrateQueue } from '../narrate.js';
import { upLines } from '../render/up-result.js';

export const reset: Verb = (parent, action) => {
  parent
    .command('reset')
    .summary('drop, create, and go up again')
    .description(
      'Drops the database, creates it, and applies every migration, as drop, create and up would one after the other; it asks as drop does.',
    )
    .option('--confirm <name>', 'the name of the database, where --yes is not enough')
    .option('--force', 'end the sessions of others')
    .addHelpText('after', '\nExample:\n  $ bellows reset --env development --yes')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const live = createLive(cli);
  return interruptible(cli.io, (interrupt) =>
    cli.connected(
      (bellows) => resetNow(cli, invocation, bellows, live, interrupt),
      [live.listener, narrateQueue(cli)],
    ),
  );
}

async function resetNow(
  cli: Cli,
  invocation: Invocation,
  bellows: Bellows,
  live: Live,
  { signal }: Interrupt,
): Promise<number> {
  const { name } = bellows.target;
  const confirmed = await confirmDrop(cli, invocation, bellows.target);
  const result = await bellows
    .reset({
      ...(confirmed === undefined ? {} : { confirm: confirmed }),
      force: invocation.flag('force'),
      signal,
      onProgress: ({ migrations }: Status) => live.show(migrations),
    })
    .finally(() => live.end());
  cli.answer({ database: name, ...result }, () => [
    `${result.dropped ? 'Dropped and created' : 'Created'} database ${name}.`,
    ...upLines(result.up, cli.view),
  ]);
  const { migrations, reached } = result.up;
  if (migrations.some(({ failed }) => failed !== null)) return EXIT.operation;
  return reached || migrations.some(({ state }) => state === 'gated') ? EXIT.done : EXIT.condition;
}

import type { Verb } from '../cli.js';

export const create: Verb = (parent, action) => {
  parent
    .command('create')
    .summary('create the database')
    .description(
      'Creates the database of the URL, from another database of the same server (postgres, else template1). One that is there already is left as it is, and that is no error.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows create --env test')
    .action(
      action((cli) =>
        cli.connected(async (bellows) => {
          const { name, place } = bellows.target;
          const created = await bellows.create();
          cli.answer({ database: name, created }, () => [
            created
              ? `Created database ${name} at ${place}.`
              : `Database ${name} is there already, at ${place}.`,
          ]);
          return undefined;
        }),
      ),
    );
};

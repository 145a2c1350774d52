import { EXIT } from '#core/errors';
import type { Verb } from '../cli.js';
import { interruptible } from '../interrupt.js';

export const load: Verb = (parent, action) => {
  parent
    .command('load')
    .summary('run the schema file in an empty database')
    .description(
      'Makes the schema from its file, in one transaction where the file allows it. Refuses a database that holds anything. Files of pg_dump and dbmate are taken too.',
    )
    .option('--file <path>', 'which file (default: schemaFile of the configuration)')
    .addHelpText('after', '\nExample:\n  $ bellows load --env test')
    .action(
      action(async (cli, invocation) => {
        const file = invocation.text('file');
        return interruptible(cli.io, async ({ signal }) => {
          const options = { signal, ...(file === undefined ? {} : { file }) };
          const result = await cli.connected((bellows) => bellows.load(options));
          const many = result.statements === 1 ? '1 statement' : `${result.statements} statements`;
          cli.answer(result, () => [`Loaded ${result.file}: ${many} in ${result.seconds.toFixed(1)} s.`]);
          return EXIT.done;
        });
      }),
    );
};

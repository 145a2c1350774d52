import { Option } from 'commander';
import type { DumpFacts, DumpOptions } from '#api';
import { EXIT, renderError } from '#core/errors';
import { StaleDumpError } from '#everyday/dump/errors';
import { oneOf } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { UsageError } from '../errors.js';
import { errorAnnotation } from '../render/error-annotation.js';

const PROVIDERS = ['auto', 'catalogue', 'pg_dump'] as const;

export const dump: Verb = (parent, action) => {
  parent
    .command('dump')
    .summary('write the schema file; --check tells whether it is current')
    .description(
      'Writes the schema of the database as SQL that psql and bellows load can run, without needing pg_dump. The same migrations give the same file on every server of one major version. What Bellows itself has in the database is left out.',
    )
    .option('--file <path>', 'where to; - is stdout (default: schemaFile of the configuration)')
    .option('--stdout', 'print it and write no file')
    .option('--check', 'write nothing; exit 1 with a diff when the file is stale or missing')
    .addOption(
      new Option('--provider <name>', 'who reads the database; auto: as the file was made before').choices(
        PROVIDERS,
      ),
    )
    .option('--grants', 'privileges too')
    .addHelpText('after', '\nExample:\n  $ bellows dump --check    # in CI, after bellows up')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const stdout = invocation.flag('stdout') || invocation.text('file') === '-';
  if (!invocation.flag('check')) return stdout ? print(cli, invocation) : write(cli, invocation);
  if (stdout) {
    throw new UsageError(
      '--check compares with a file, and stdout is none.',
      'Leave out --stdout, or name a file: --file.',
    );
  }
  return check(cli, invocation);
}

async function write(cli: Cli, invocation: Invocation): Promise<number> {
  const { text: _, ...result } = await cli.connected((bellows) => bellows.dump(optionsOf(invocation)));
  warn(cli, result);
  cli.answer(result, () => [
    result.changed ? `Wrote ${result.file}.` : `${result.file} is current; it was not touched.`,
  ]);
  return EXIT.done;
}

async function print(cli: Cli, invocation: Invocation): Promise<number> {
  const result = await cli.connected((bellows) => bellows.dump({ ...optionsOf(invocation), write: false }));
  warn(cli, result);
  // The text ends with a line end, and so does an answer.
  cli.answer(result, () => [result.text.replace(/\n$/, '')]);
  return EXIT.done;
}

async function check(cli: Cli, invocation: Invocation): Promise<number> {
  const result = await cli.connected((bellows) => bellows.checkDump(optionsOf(invocation)));
  warn(cli, result);
  const { file, state, diff } = result;
  cli.answer(result, () => (state === 'stale' ? [diff] : [`${file} is ${state}.`]));
  if (state === 'current') return EXIT.done;
  const stale = new StaleDumpError(file, state);
  for (const line of renderError(stale)) cli.note(line);
  if (cli.io.env.GITHUB_ACTIONS === 'true')
    cli.io.stderr.write(`${errorAnnotation(stale, String, cli.io)}\n`);
  return EXIT.condition;
}

function optionsOf(invocation: Invocation): DumpOptions {
  const file = invocation.text('file');
  const provider = oneOf(invocation.text('provider'), PROVIDERS);
  return {
    ...(file === undefined || file === '-' ? {} : { file }),
    ...(provider === undefined ? {} : { provider }),
    ...(invocation.flag('grants') ? { grants: true } : {}),
  };
}

function warn(cli: Cli, { runsInFlight, leftOut }: DumpFacts): void {
  for (const { migration, state } of runsInFlight)
    cli.note(`In flight: ${migration} (${state}). The file holds what it has added to your tables so far.`);
  for (const what of leftOut) cli.note(`Left out: ${what}.`);
}

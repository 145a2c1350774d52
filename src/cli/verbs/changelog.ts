import { readFile, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { BellowsError, EXIT } from '#core/errors';
import { CHANGELOG_HEADER, changelogMarkdown } from '#everyday/changelog/markdown';
import type { Cli, Invocation, Verb } from '../cli.js';

const DEFAULT_FILE = 'DATABASE_CHANGELOG.md';

export const changelog: Verb = (parent, action) => {
  parent
    .command('changelog')
    .summary('what changed in the schema, and when, as Markdown')
    .description(
      'From the history of the database and the files: every migration that was applied or rolled back, newest first, with its description, and with drops and renames marked. A description is that of the definition, or the comment that an SQL file begins with.',
    )
    .option('--write [file]', `write it, default ${DEFAULT_FILE}; never over a file of another origin`)
    .addHelpText('after', '\nExample:\n  $ bellows changelog --env production --write')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const name = invocation.flag('write') ? DEFAULT_FILE : invocation.text('write');
  const { entries } = await cli.connected((bellows) => bellows.changelog());
  const text = changelogMarkdown(entries);
  const file = name === undefined ? null : await write(cli, name, text);
  cli.answer({ entries, file }, () => (file === null ? [text.trimEnd()] : [`Wrote ${file}.`]));
  return undefined;
}

async function write({ cwd }: Cli, name: string, text: string): Promise<string> {
  const path = resolve(cwd, name);
  const there = await readFile(path, 'utf8').catch(() => null);
  if (there !== null && !there.startsWith(CHANGELOG_HEADER)) throw foreign(name);
  await writeFile(path, text);
  return relative(cwd, path);
}

function foreign(name: string): BellowsError {
  return new BellowsError(
    'BELLOWS_CHANGELOG_FOREIGN',
    {
      what: `${name} was not written by bellows changelog.`,
      why: 'It does not begin with the line that such a file begins with; what somebody wrote would be lost.',
      left: 'The file was not touched.',
      next: `Name another file: bellows changelog --write docs/${DEFAULT_FILE}`,
    },
    { file: name },
    EXIT.usage,
  );
}

import type { Validation, ValidationFinding } from '#api';
import { EXIT, type ExitCode } from '#core/errors';
import type { OfflineSettings } from '#project/settings';
import type { Cli, Invocation, Verb } from '../cli.js';
import { offlineSettings } from '../offline-settings.js';
import { annotation } from '../render/annotations.js';
import { hanging } from '../render/lines.js';

export const validate: Verb = (parent, action) => {
  parent
    .command('validate')
    .summary('hold the files against each other and against the database')
    .description(
      'Names, versions, directives and the SQL of every file; then what the database knows of them: files that were edited after they were applied, that are missing, renamed or late. Exit 2: a file is wrong; 5: edited, missing or renamed; 1: late, or stopped half-way. Without a database, or with --offline, only the files are read. In GitHub Actions each finding is an annotation.',
    )
    .option('--offline', 'read the files only')
    .addHelpText('after', '\nExample:\n  $ bellows validate --offline')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const settings = await offlineSettings(cli.settings);
  const offline = invocation.flag('offline') || settings.databaseUrl === null;
  const validation = offline
    ? await filesOnly(settings)
    : await cli.connected((bellows) => bellows.validate());
  cli.answer(validation, () => validationLines(validation, cli));
  if (cli.io.env.GITHUB_ACTIONS === 'true')
    for (const one of validation.findings) cli.io.stderr.write(`${annotationOf(one)}\n`);
  return exitOf(validation);
}

async function filesOnly(settings: OfflineSettings): Promise<Validation> {
  const [{ loadParser }, { loadProject }, { validateFiles }] = await Promise.all([
    import('#parser/load'),
    import('#project/project'),
    import('#verbs/validate'),
  ]);
  await loadParser();
  return validateFiles(await loadProject(settings));
}

function exitOf({ findings }: Validation): ExitCode {
  const kinds = new Set(findings.map(({ kind }) => kind));
  if (kinds.has('file')) return EXIT.usage;
  if (kinds.has('edited') || kinds.has('missing') || kinds.has('renamed')) return EXIT.drift;
  return kinds.size > 0 ? EXIT.condition : EXIT.done;
}

function validationLines({ database, migrations, findings }: Validation, { view }: Cli): readonly string[] {
  const what = `${migrations} migration${migrations === 1 ? '' : 's'}`;
  const where = database ? 'files and database' : 'files only, without a database';
  if (findings.length === 0) return [`${what}: nothing is wrong (${where})`];
  return [
    ...findings.flatMap(({ message, next }) => [
      ...hanging('', message, view.width, view.paint.red),
      ...hanging('  next: ', next, view.width),
    ]),
    '',
    `${what}: ${findings.length} finding${findings.length === 1 ? '' : 's'} (${where})`,
  ];
}

function annotationOf({ file, line, column, code, message, next }: ValidationFinding): string {
  const place = {
    ...(file === null ? {} : { file }),
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { col: column }),
    title: code,
  };
  return annotation('error', place, `${message} ${next}`);
}

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { argument } from '../arguments.js';
import { type Cli, clock, type Invocation, type Verb } from '../cli.js';
import { UsageError } from '../errors.js';
import { offlineSettings } from '../offline-settings.js';
import { migrationTemplate } from '../templates/migration.js';
import { SQL_TEMPLATE } from '../templates/sql.js';

export const newMigration: Verb = (parent, action) => {
  parent
    .command('new <name>')
    .summary('write a new migration file')
    .description(
      'Writes <UTC time>_<name>.ts into the migrations folder, with a commented skeleton; with --sql a plain SQL migration.',
    )
    .option('--sql', 'a plain SQL migration instead of a phased one')
    .addHelpText('after', '\nExample:\n  $ bellows new split_user_name\n  $ bellows new --sql create_users')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const name = fileName(argument(invocation, 0));
  const { cwd } = cli;
  const { migrations } = await offlineSettings(cli.settings);
  const [folder = join(cwd, 'migrations')] = migrations;
  await mkdir(folder, { recursive: true });
  const id = `${freeVersion(await versions(migrations), clock(cli.io)())}_${name}`;
  const sql = invocation.flag('sql');
  const path = join(folder, `${id}.${sql ? 'sql' : 'ts'}`);
  await writeFile(path, sql ? SQL_TEMPLATE : migrationTemplate(name), { flag: 'wx' });
  const file = relative(cwd, path);
  cli.answer({ id, file }, () => [file]);
  cli.note(sql ? 'Fill it in, then: bellows up --dry-run' : 'Fill it in, then: bellows plan');
  return undefined;
}

function fileName(typed: string): string {
  const name = typed.trim().replaceAll(/\s+/g, '_');
  if (/^[A-Za-z0-9_-]+$/.test(name) && name.length <= 100) return name;
  throw new UsageError(
    `"${typed.slice(0, 60)}" cannot be the name of a migration.`,
    'A name is made of letters, digits, "_" and "-": bellows new split_user_name',
  );
}

async function versions(folders: readonly string[]): Promise<ReadonlySet<string>> {
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  return new Set(names.flat().map((name) => name.slice(0, 14)));
}

/** The second of now, in UTC; the next one that no file has, where it is taken. */
function freeVersion(taken: ReadonlySet<string>, now: number): string {
  const version = new Date(now).toISOString().slice(0, 19).replaceAll(/\D/g, '');
  return taken.has(version) ? freeVersion(taken, now + 1000) : version;
}

import { Command } from 'commander';
import type { Action, VerbGroup } from './cli.js';
import type { Io } from './io.js';

const EXIT_CODES = `
Exit codes:
  0  done
  1  a condition is not met: the gate is shut, rows differ, a run is paused
  2  usage or configuration
  3  the database, or an operation, failed
  4  somebody else holds the lease
  5  a file is not what its run began with

Start with \`bellows init\`. Data goes to stdout, everything else to stderr;
--json works with every command.`;

/** The parser: it says nothing itself but help and version, and throws what it does not understand. */
export function createProgram(
  io: Io,
  version: string,
  action: Action,
  groups: readonly VerbGroup[],
): Command {
  const program = new Command('bellows')
    .description('Zero-downtime migrations for PostgreSQL: expand, backfill, contract.')
    .usage('<command> [options]')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(120, io.columns ?? 80) })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .option('--json', 'one JSON document on stdout')
    .option('--env <name>', 'the environment (default: BELLOWS_ENV)')
    .option(
      '--env-file <file>',
      'read it instead of .env.<env> and .env; repeatable, the first wins',
      gathered,
    )
    .option('--database-url <url>', 'the database (default: DATABASE_URL)')
    .option('--queue-url <url>', 'the queue (default: REDIS_URL, else the database)')
    .option('--migrations <dir>', 'the migrations folder; repeatable', gathered)
    .option('--wait', 'wait for the server first, up to a minute (also: DBMATE_WAIT)')
    .option('--yes', 'answer yes to what would be asked')
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', EXIT_CODES);
  for (const { group, verbs } of groups) {
    program.commandsGroup(group);
    for (const verb of verbs) verb(program, action);
  }
  return program;
}

function gathered(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** The provider `pg_dump`: the binary, where somebody has it and wants it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { loadParser } from '#parser/load';
import { splitStatements } from '#parser/split';
import type { Session } from '#ports';
import { PgDumpError } from './errors.js';
import { withoutNoise } from './normalise.js';
import type { RunInFlight } from './text.js';

const run = promisify(execFile);
const MOST_BYTES = 256 * 1024 * 1024;

const INSTEAD =
  'Install the client tools of the server’s version, or use --provider catalogue, which needs none.';

/** @throws PgDumpError */
export async function pgDumpBody(
  session: Session,
  databaseUrl: string,
  { grants, runs }: { readonly grants: boolean; readonly runs: readonly RunInFlight[] },
): Promise<string> {
  if (runs.length > 0) throw inFlight(runs);
  await refuseOlder(session);
  const { url, password } = withoutPassword(databaseUrl);
  const args = [
    ...[
      '--format=plain',
      '--encoding=UTF8',
      '--schema-only',
      '--no-owner',
      '--no-tablespaces',
      '--no-subscriptions',
    ],
    ...['--exclude-schema=bellows', '--exclude-schema=bullmq'],
    ...(grants ? [] : ['--no-privileges']),
    `--snapshot=${await exported(session)}`,
    `--dbname=${url}`,
  ];
  const env = password === '' ? process.env : { ...process.env, PGPASSWORD: password };
  const { stdout } = await run('pg_dump', args, { env, maxBuffer: MOST_BYTES }).catch((error: unknown) => {
    throw new PgDumpError(
      `pg_dump failed: ${lastLine(error)}`,
      'Correct what it says, or use --provider catalogue.',
    );
  });
  return withoutUserMappings(withoutNoise(stdout));
}

/** It reads what this session reads. */
async function exported(session: Session): Promise<string> {
  const [row] = await session.query<{ snapshot: string }>('select pg_export_snapshot() as snapshot');
  return row?.snapshot ?? '';
}

/** Since it can leave out whole schemas, and neither columns nor triggers. */
function inFlight(runs: readonly RunInFlight[]): PgDumpError {
  return new PgDumpError(
    `pg_dump cannot leave out what the runs in flight have added: ${runs.map(({ migration }) => migration).join(', ')}.`,
    'Finish or roll back these runs first, or use --provider catalogue.',
  );
}

async function refuseOlder(session: Session): Promise<void> {
  const { stdout } = await run('pg_dump', ['--version']).catch(() => {
    throw new PgDumpError('There is no pg_dump on this machine’s PATH.', INSTEAD);
  });
  const client = Number(/(\d+)(?:\.\d+|devel|beta|rc)/.exec(stdout)?.[1] ?? 0);
  const [row] = await session.query<{ server: number }>(
    `select current_setting('server_version_num')::int / 10000 as server`,
  );
  const server = row?.server ?? 0;
  if (client < server)
    throw new PgDumpError(`This pg_dump is of version ${client}, the server of version ${server}.`, INSTEAD);
}

/** A password among the arguments would be seen in the list of processes. `search_path` is dbmate's and pg_dump has none. */
function withoutPassword(databaseUrl: string): { readonly url: string; readonly password: string } {
  const url = new URL(databaseUrl);
  const password = decodeURIComponent(url.password);
  url.password = '';
  url.searchParams.delete('search_path');
  return { url: url.href, password };
}

function lastLine(error: unknown): string {
  const text = typeof error === 'object' && error !== null ? Reflect.get(error, 'stderr') : null;
  const lines = typeof text === 'string' ? text.trim().split('\n') : [];
  return (lines.at(-1) ?? '').replace(/^pg_dump: error: /, '') || 'it said nothing';
}

/** They may hold passwords. Cut out by the parser, since a password may hold anything. */
async function withoutUserMappings(text: string): Promise<string> {
  if (!text.includes('CREATE USER MAPPING')) return text;
  await loadParser();
  const mappings = splitStatements(text).filter(({ kind }) => kind === 'CreateUserMappingStmt');
  return mappings.reduceRight(
    (left, { start, end }) => left.slice(0, start.offset) + left.slice(end.offset).replace(/^\s*;\n*/, ''),
    text,
  );
}

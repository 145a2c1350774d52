/** A project of its own: a migrations folder with one migration, and nothing that would be read from the environment. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BellowsOptions } from '#main';
import { SCHEMA } from './ground.js';

/** What every shape computes. */
export const FIRST_NAME = `split_part(full_name, ' ', 1)`;
export const LAST_NAME = `substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`;

/** The same as the SET of an UPDATE. */
export const SET_NAMES = `first_name = ${FIRST_NAME}, last_name = ${LAST_NAME}`;

const MIGRATION = `import { addColumn, defineMigration, sql } from 'pgbellows';

export default defineMigration({
  description: 'First and last name become columns of their own',
  table: '${SCHEMA}.users',
  expand: [addColumn('first_name', 'varchar(100)'), addColumn('last_name', 'varchar(100)')],
  backfill: {
    set: {
      first_name: sql\`${FIRST_NAME}\`,
      last_name: sql\`${LAST_NAME}\`,
    },
    reverse: { full_name: sql\`concat_ws(' ', first_name, nullif(last_name, ''))\` },
  },
});
`;

export const MIGRATION_ID = '20240101000000_split_user_name';

export async function makeProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-bench-'));
  await mkdir(join(folder, 'migrations'));
  await writeFile(join(folder, 'migrations', `${MIGRATION_ID}.ts`), MIGRATION);
  return folder;
}

export async function removeProject(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Everything at its default, with the queue in the same server. */
export function bellowsOptions(cwd: string, databaseUrl: string): BellowsOptions {
  const http = { metricsPort: 0, workerMetricsPort: 0, pagePort: 0 };
  return { cwd, env: 'default', overrides: { databaseUrl, queueUrl: databaseUrl, http, logLevel: 'warn' } };
}

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

/** The same work in TypeScript. */
const IN_TYPESCRIPT = `import { addColumn, defineMigration } from 'pgbellows';

export default defineMigration({
  description: 'First and last name become columns of their own',
  table: '${SCHEMA}.users',
  expand: [addColumn('first_name', 'varchar(100)'), addColumn('last_name', 'varchar(100)')],
  backfill: {
    read: ['full_name'],
    write: ['first_name', 'last_name'],
    transform: (rows) =>
      rows.map(({ full_name }) => {
        const [first_name, ...others] = full_name.split(' ');
        return { first_name, last_name: others.join(' ') };
      }),
  },
});
`;

/** What the copy gives its rows, and what one statement gives them that does the same. */
export const COPIED = ['email', 'full_name', 'created_at'] as const;

const COPY = `import { createTable, defineMigration, sql } from 'pgbellows';

export default defineMigration({
  description: 'Contacts become a table of their own',
  table: '${SCHEMA}.users',
  expand: [
    createTable('${SCHEMA}.contacts', {
      columns: { user_id: 'bigint', email: 'text', full_name: 'varchar(255)', created_at: 'timestamptz' },
      primaryKey: ['user_id'],
    }),
  ],
  backfill: {
    copy: {
      into: '${SCHEMA}.contacts',
      key: { user_id: 'id' },
      set: { ${COPIED.map((name) => `${name}: sql\`${name}\``).join(', ')} },
    },
  },
});
`;

const MIGRATIONS = { sql: MIGRATION, typescript: IN_TYPESCRIPT, copy: COPY } as const;

/** `off`: no signal is read that may be left unread. `commits`: slower from 1.5 ms for a commit on. */
export type BenchThrottle = 'default' | 'off' | 'commits';

const CONFIGS: Readonly<Record<Exclude<BenchThrottle, 'default'>, string>> = {
  commits: `export default {
  throttle: { commit_latency: { slowMilliseconds: 1.5, milliseconds: 10 } },
};
`,
  off: `export default {
  throttle: {
    replication_lag: false,
    wal_backlog: false,
    lock_waiters: false,
    connections: false,
    vacuum_horizon: false,
    dead_tuples: false,
    autovacuum: false,
    errors: false,
  },
};
`,
};

export interface ProjectOptions {
  /** Default `sql`. */
  readonly mapping?: keyof typeof MIGRATIONS;
  /** Default `default`: the signals that are on where nothing is configured. */
  readonly throttle?: BenchThrottle;
}

export const MIGRATION_ID = '20240101000000_split_user_name';

export async function makeProject({
  mapping = 'sql',
  throttle = 'default',
}: ProjectOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-bench-'));
  await mkdir(join(folder, 'migrations'));
  await writeFile(join(folder, 'migrations', `${MIGRATION_ID}.ts`), MIGRATIONS[mapping]);
  if (throttle !== 'default') await writeFile(join(folder, 'bellows.config.ts'), CONFIGS[throttle]);
  return folder;
}

export async function removeProject(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Everything at its default, with the queue in the same server. */
export function bellowsOptions(cwd: string, databaseUrl: string): BellowsOptions {
  const http = { metricsPort: 0, workerMetricsPort: 0, pagePort: 0 };
  return { cwd, env: 'default', overrides: { databaseUrl, queueUrl: databaseUrl, http, logLevel: 'error' } };
}

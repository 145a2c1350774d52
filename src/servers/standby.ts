import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { copyTree } from './copy-tree.js';
import { ServerError } from './errors.js';
import type { Identity } from './identity.js';
import { type PostgresServer, startFrom } from './postgres.js';

/** What belongs to the running primary and not to its data; the list of pg_basebackup. */
const LEFT_OUT = [
  /^postmaster\.(pid|opts)$/,
  /(^|\/)pg_internal\.init$/,
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/./,
];

export interface StandbyOptions {
  /** As which it shows in the primary's `pg_stat_replication`. Default: `standby`. */
  readonly name?: string;
  /** Settings over those of the primary. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts a streaming hot standby of a server that runs on this machine, from a copy of its files (the embedded binaries
 * have no pg_basebackup). Resolves when it answers read-only queries; it may lag behind the primary then and later.
 *
 * Throws what `startPostgres` throws, and `BELLOWS_SERVER_START` for a primary with tablespaces.
 */
export async function startStandby(
  primary: PostgresServer,
  options: StandbyOptions = {},
): Promise<PostgresServer> {
  const { name = 'standby', settings = {} } = options;
  const source = `host=127.0.0.1 port=${primary.port} user=postgres application_name=${name}`;
  const session = new pg.Client({ connectionString: primary.url });
  session.on('error', () => undefined);
  await session.connect();
  try {
    return await startFrom(
      { major: primary.major, settings: { ...primary.settings, ...settings, primary_conninfo: source } },
      (_binaries, identity, dataDir) => copyPrimary(primary, session, identity, dataDir),
    );
  } finally {
    // By now the standby streams by itself; with the session goes the slot that kept the log for it.
    await session.end();
  }
}

async function copyPrimary(
  primary: PostgresServer,
  session: pg.Client,
  owner: Identity | undefined,
  dataDir: string,
): Promise<void> {
  await session.query(
    `select pg_create_physical_replication_slot('bellows_copy_' || pg_backend_pid(), true, true)`,
  );
  // 15 renamed the functions and dropped the exclusive form.
  await session.query(
    primary.major < 15
      ? `select pg_start_backup('bellows', true, false)`
      : `select pg_backup_start('bellows', true)`,
  );
  await copyTree(primary.dataDir, dataDir, {
    owner,
    skip: (path) => LEFT_OUT.some((pattern) => pattern.test(path)),
  });
  const { rows } = await session.query<{ labelfile: string; spcmapfile: string | null }>(
    primary.major < 15 ? `select * from pg_stop_backup(false, false)` : `select * from pg_backup_stop(false)`,
  );
  if ((rows[0]?.spcmapfile ?? '') !== '') throw hasTablespaces();
  await complete(dataDir, rows[0]?.labelfile ?? '', owner);
}

/** The label tells where recovery starts: without it the copy would be taken for a crashed server, and be corrupt. */
async function complete(dataDir: string, label: string, owner: Identity | undefined): Promise<void> {
  const own = async (path: string) => owner !== undefined && (await chown(path, owner.uid, owner.gid));
  for (const [name, text] of [['backup_label', label] as const, ['standby.signal', ''] as const]) {
    await writeFile(join(dataDir, name), text, { mode: 0o600, flag: 'wx' });
    await own(join(dataDir, name));
  }
  for (const name of ['archive_status', 'summaries']) {
    await mkdir(join(dataDir, 'pg_wal', name), { mode: 0o700 });
    await own(join(dataDir, 'pg_wal', name));
  }
}

function hasTablespaces(): ServerError {
  return new ServerError('BELLOWS_SERVER_START', {
    what: 'The primary has tablespaces.',
    why: 'A copy on the same machine would share their folders with the primary.',
    left: 'The primary is unchanged; the copy was removed.',
    next: 'Start the standby before tablespaces are made, or without them.',
  });
}

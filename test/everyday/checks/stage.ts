/** A database with a schema, one check on it, and the server's own count of the scans that it took. */
import type pg from 'pg';
import { describe } from 'vitest';
import type { DataCheckId, DataCheckResult, DataFinding, DataScan, Wanted } from '#core/data-checks';
import { runChecks } from '#everyday/checks/run';
import type { CheckWorld } from '#everyday/checks/world';
import { createDatabase } from '#postgres/database';
import { connect, useDatabase } from '../../support/database.js';
import { until } from '../../support/until.js';

export const NOTHING_WANTED: Wanted = { foreignKeys: [], unique: [], notNull: [], unreadable: [] };

export interface Checked extends DataCheckResult {
  /** As they were told before the scan. */
  readonly told: readonly DataScan[];
}

export interface Stage {
  readonly url: string;
  readonly client: () => Promise<pg.Client>;
  /** Runs SQL, then one check. */
  readonly check: (id: DataCheckId, world?: Partial<CheckWorld>) => Promise<Checked>;
  readonly sql: (text: string) => Promise<void>;
  /** How often the server has scanned a table from end to end. */
  readonly seqScans: (table: string) => Promise<number>;
}

const MAJORS = [14, 18] as const;

/** The tests on the oldest and on the newest server. */
export function onServers(title: string, tests: (stage: Stage, major: number) => void): void {
  describe.each(MAJORS)(`${title}, PostgreSQL %i`, (major) => {
    const database = useDatabase({ major });
    tests(stageOn(database), major);
  });
}

function stageOn(database: { readonly url: string }): Stage {
  const client = () => connect(database.url);
  const check: Stage['check'] = async (id, world = {}) => {
    const opened = createDatabase({ url: database.url, applicationName: 'test' });
    const told: DataScan[] = [];
    try {
      const [result] = await runChecks(
        {
          ...{ database: opened, deep: false, statementTimeoutMs: 20_000, integerPercent: 70 },
          ...{
            wanted: NOTHING_WANTED,
            queries: [],
            queriesFolder: 'checks',
            onScan: (_: DataCheckId, scan: DataScan) => told.push(scan),
          },
          ...world,
        },
        [id],
      );
      if (result === undefined) throw new Error(`no result of ${id}`);
      return { ...result, told };
    } finally {
      await opened.close();
    }
  };
  return {
    get url() {
      return database.url;
    },
    client,
    check,
    sql: async (text) => {
      await (await client()).query(text);
    },
    seqScans: async (table) => seqScans(await client(), database.url, table),
  };
}

/**
 * A session reports what it did when it ends, and the collector of PostgreSQL 14 reads that a moment later, in order: once the
 * scans of a table of our own have arrived, those of every session that ended before have too.
 */
async function seqScans(client: pg.Client, url: string, table: string): Promise<number> {
  await until(async () => {
    const { rows } = await client.query(
      `select from pg_stat_activity where datname = current_database() and application_name like 'bellows%'`,
    );
    return rows.length === 0;
  });
  await client.query('create table if not exists scans_arrived (a int)');
  const before = await count(client, 'scans_arrived');
  const own = createDatabase({ url, applicationName: 'test' });
  await own.query('select count(*) from scans_arrived');
  await own.close();
  await until(async () => (await count(client, 'scans_arrived')) > before);
  return count(client, table);
}

async function count(client: pg.Client, table: string): Promise<number> {
  await client.query('select pg_stat_clear_snapshot()');
  const { rows } = await client.query<{ scans: string }>(
    'select seq_scan as scans from pg_stat_user_tables where relid = $1::text::regclass',
    [table],
  );
  return Number(rows[0]?.scans ?? 0);
}

/** What a finding is about, and how many. */
export function brief({ table, object, count }: DataFinding): readonly unknown[] {
  return [table, object, count];
}

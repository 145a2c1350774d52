/** What `status` costs, and that it reads no row of the table. */
import type { Client } from 'pg';
import { createBellows } from '#main';
import { median } from './figures.js';
import { bellowsOptions } from './project.js';

export interface StatusCost {
  readonly medianMs: number;
  readonly slowestMs: number;
  /** Scans of the table, sequential and by index, that all calls together began. */
  readonly scans: number;
}

const CALLS = 50;
const ACTOR = 'status';

export async function measureStatus(client: Client, folder: string, url: string): Promise<StatusCost> {
  const before = await scans(client);
  const bellows = await createBellows({ ...bellowsOptions(folder, url), actor: ACTOR });
  await bellows.status();
  const times: number[] = [];
  for (let i = 0; i < CALLS; i += 1) {
    const began = performance.now();
    await bellows.status();
    times.push(performance.now() - began);
  }
  // A session hands in its counts when it ends at the latest.
  await bellows.close();
  await sessionsEnded(client);
  return {
    medianMs: median(times),
    slowestMs: Math.max(...times),
    scans: (await scans(client)) - before,
  };
}

async function scans(client: Client): Promise<number> {
  // The counts of this very session, too.
  await client.query('select pg_stat_force_next_flush()');
  const { rows } = await client.query<{ scans: number }>(
    `select (seq_scan + coalesce(idx_scan, 0))::integer as scans
     from pg_stat_user_tables
     where relid = 'users'::regclass`,
  );
  return rows[0]?.scans ?? 0;
}

async function sessionsEnded(client: Client): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { rows } = await client.query(
      `select
       from pg_stat_activity
       where datname = current_database()
         and application_name = $1`,
      [`bellows ${ACTOR}`],
    );
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw new Error('the sessions of status did not end');
  }
}

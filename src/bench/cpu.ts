/** Processor time of backends: what neighbours on the machine and a slow disk disturb far less than the clock. */
import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';

/** Milliseconds by pid. */
export type CpuTimes = ReadonlyMap<number, number>;

/** Of the sessions whose name begins with `prefix`; needs a server on this machine. */
export async function cpuTimes(client: Client, prefix: string): Promise<CpuTimes> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid
     from pg_stat_activity
     where datname = current_database()
       and starts_with(application_name, $1)`,
    [prefix],
  );
  const times = await Promise.all(rows.map(async ({ pid }) => [pid, await cpuTime(pid)] as const));
  return new Map(times);
}

/** A session that began in between counts from its beginning. */
export function cpuBetween(before: CpuTimes, after: CpuTimes): number {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
}

/** The scheduler's own account, in ns; `stat` counts in ticks of 10 ms. Zero where the process has just ended. */
async function cpuTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '0');
  return Number(text.split(' ')[0]) / 1_000_000;
}

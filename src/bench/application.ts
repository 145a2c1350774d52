/** An application in a process of its own: requests at a fixed rate, whether or not the earlier ones are answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SCHEMA } from './ground.js';

export interface Latencies {
  readonly requests: number;
  readonly errors: number;
  /** Milliseconds, by the application's own clock: from the moment it asked. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly slowest: number;
}

const REQUESTS_PER_SECOND = 500;
const READS = 0.8;
const CONNECTIONS = 16;

async function measure(pool: pg.Pool, rows: number, seconds: number): Promise<Latencies> {
  const times: number[] = [];
  let errors = 0;
  const request = async () => {
    const began = performance.now();
    await ask(pool, 1 + Math.floor(Math.random() * rows)).catch(() => {
      errors += 1;
    });
    times.push(performance.now() - began);
  };
  const began = performance.now();
  const all: Promise<void>[] = [];
  while (performance.now() - began < seconds * 1_000) {
    const due = ((performance.now() - began) / 1_000) * REQUESTS_PER_SECOND;
    while (all.length < due) all.push(request());
    await sleep(1);
  }
  await Promise.all(all);
  return { requests: times.length, errors, ...percentiles(times) };
}

async function ask(pool: pg.Pool, id: number): Promise<void> {
  const read = {
    name: 'read',
    text: 'select email, full_name, is_active from users where id = $1',
    values: [id],
  };
  const write = {
    name: 'write',
    text: 'update users set is_active = not is_active where id = $1',
    values: [id],
  };
  await pool.query(Math.random() < READS ? read : write);
}

function percentiles(times: readonly number[]): Pick<Latencies, 'p50' | 'p95' | 'p99' | 'slowest'> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), slowest: at(1) };
}

function run([url = '', rows = '1']: readonly string[]): void {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: 'application',
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', () => undefined);
  process.on('message', (seconds: number) => {
    measure(pool, Number(rows), seconds).then(
      (latencies) => process.send?.(latencies),
      () => process.exit(1),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

run(process.argv.slice(2));

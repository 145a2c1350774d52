/** The migrations and the application in a line each, and when the rows were moved. */
import type { Status } from '#api';
import { etaWords } from '#core/numbers';
import type { MigrationStatus } from '#core/status';
import type { Latencies } from './latency.js';

const RECENT_MS = 5_000;

export function progressLines({ migrations }: Status, seen: Latencies): readonly string[] {
  return [...migrations.map(migrationLine), applicationLine(seen)];
}

function migrationLine(migration: MigrationStatus): string {
  const { backfill, state } = migration;
  const name = nameOf(migration.id);
  if (migration.failed !== null) return `${name}: failed, ${migration.failed.message}`;
  if (state !== 'backfilling' || backfill === null) return `${name}: ${state}`;
  const { rowsDone, rowsExpected, rowsPerSecond, etaSeconds, throttle } = backfill;
  const parts = [
    `${grouped(rowsDone)} of ${rowsExpected === null ? 'unknown' : grouped(rowsExpected)} rows`,
    ...(rowsPerSecond === null ? [] : [`${grouped(rowsPerSecond)} rows/s`]),
    `left: ${etaWords(etaSeconds)}`,
    ...throttle.map(({ signal }) => `held by ${signal}`),
  ];
  return `${name}: ${parts.join(', ')}`;
}

function applicationLine(seen: Latencies): string {
  const now = Date.now();
  const { p99 } = seen.between(now - RECENT_MS, now);
  return `application: ${grouped(seen.requests)} requests, ${seen.errors} errors, p99 ${milliseconds(p99)}`;
}

/** Adds up how long rows were being moved, from what each look saw. */
export class BackfillClock {
  #since: number | null = null;
  #ms = 0;

  see({ migrations }: Status, now: number): void {
    const moving = migrations.some(({ state }) => state === 'backfilling');
    if (this.#since !== null) this.#ms += now - this.#since;
    this.#since = moving ? now : null;
  }

  get seconds(): number {
    return this.#ms / 1_000;
  }
}

/** The id without its time: `split_user_name`. */
export function nameOf(id: string): string {
  return id.replace(/^\d+_/, '');
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function milliseconds(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

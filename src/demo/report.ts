/** What happened, in words and as one object. */
import type { GateReport } from '#api';
import { type DataCheck, isRight } from './data-check.js';
import type { Latencies, Percentiles } from './latency.js';
import type { Outcome } from './outcome.js';
import { grouped, milliseconds, nameOf } from './progress.js';

export interface Report {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  /** What the queue ran on. */
  readonly queue: string;
  readonly application: {
    readonly requests: number;
    readonly errors: number;
    readonly p99MsBefore: number | null;
    readonly p99MsDuring: number | null;
  };
  readonly migrations: Outcome['migrations'];
}

export function reportOf(outcome: Outcome, seen: Latencies, queue: string): Report {
  return {
    rows: outcome.rows,
    seconds: rounded(outcome.seconds),
    rowsPerSecond: outcome.rowsPerSecond,
    queue,
    application: {
      requests: seen.requests,
      errors: seen.errors,
      p99MsBefore: outcome.before.p99 === null ? null : rounded(outcome.before.p99),
      p99MsDuring: outcome.during.p99 === null ? null : rounded(outcome.during.p99),
    },
    migrations: outcome.migrations,
  };
}

export function succeeded(outcome: Outcome, seen: Latencies): boolean {
  const { beforeContract, afterContract } = outcome.checks;
  return seen.errors === 0 && isRight(beforeContract) && isRight(afterContract);
}

export function outcomeLines(outcome: Outcome, seen: Latencies): readonly string[] {
  const { rows, seconds, rowsPerSecond, before, during, checks } = outcome;
  return [
    ...checkLines('after contract, the new shape', checks.afterContract),
    '',
    `rows         ${grouped(rows)} moved, ${grouped(rowsPerSecond)} rows/s; ${seconds.toFixed(1)} s from up to the last contract`,
    `application  ${grouped(seen.requests)} requests, ${seen.errors} errors`,
    latencyLine('before', before),
    latencyLine('during', during),
    ...seen.errorCounts.slice(0, 10).map(({ what, times }) => `  ${times} times  ${what}`),
    '',
    succeeded(outcome, seen)
      ? 'The tables have their new shape. No request failed, and every row holds what its last writer wrote.'
      : 'Something went wrong: see the errors and the rows above.',
  ];
}

function latencyLine(when: string, { requests, p50, p95, p99, max }: Percentiles): string {
  const values = [`p50 ${milliseconds(p50)}`, `p95 ${milliseconds(p95)}`, `p99 ${milliseconds(p99)}`];
  return `  ${when}     ${[...values, `max ${milliseconds(max)}`].join('  ')}  of ${grouped(requests)}`;
}

export function checkLines(what: string, check: DataCheck): readonly string[] {
  const { rows, written, wrong, missing, disturbed } = check;
  const verdict = isRight(check) ? 'right' : 'WRONG';
  return [
    `data ${what}: ${verdict}: ${grouped(rows)} rows compared, ${grouped(written)} of them written by the deploys; ` +
      `${wrong} wrong, ${missing} missing, ${disturbed} with an updated_at that the application did not move`,
  ];
}

/** Every check with its evidence; with an earlier report, those whose verdict is another one now. */
export function gateLines({ migration, open, checks }: GateReport, earlier?: GateReport): readonly string[] {
  const known = new Map(earlier?.checks.map(({ check, verdict }) => [check, verdict]));
  const shown = checks.filter(({ check, verdict }) => known.get(check) !== verdict);
  const rest = checks.length - shown.length;
  return [
    `gate of ${nameOf(migration)}: ${open ? 'open' : 'shut'}${rest === 0 ? '' : `; ${rest} checks as before, and`}`,
    ...shown.map(({ check, verdict, evidence, release }) => {
      const until = release === null ? '' : `; released when: ${release}`;
      return `  ${verdict.padEnd(7)} ${check.padEnd(13)} ${evidence}${until}`;
    }),
  ];
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

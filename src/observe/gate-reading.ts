import { CHECKS, type CheckId, holds, MAX_AGE_SECONDS, type Verdict } from '#core/gate';
import type { GateReading } from './readings.js';

export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly skipped: string | null;
  /** Seconds. */
  readonly age: number;
  /** Seconds since 1970. */
  readonly at: number;
}

/** What was not evaluated, is not known or is too old does not pass. */
export function gateOf(rows: readonly Check[]): GateReading {
  return {
    checks: new Map(CHECKS.map((check) => [check, isPassing(check, rows)])),
    evaluatedAt: rows.length === 0 ? null : Math.max(...rows.map(({ at }) => at)),
  };
}

function isPassing(check: CheckId, rows: readonly Check[]): boolean {
  const row = rows.find((found) => found.check === check);
  if (row === undefined) return false;
  const { verdict, skipped, age } = row;
  const counts = skipped !== null || age <= MAX_AGE_SECONDS;
  return counts && !holds({ check, verdict, skipped, evidence: '', release: null, at: '' });
}

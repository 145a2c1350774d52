/** The gate: every check is evaluated, none hides another, and what is not known is not a pass. */
export const CHECKS = [
  'ledger',
  'pending_rows',
  'quarantine',
  'values',
  'constraints',
  'indexes',
  'sync_trigger',
  'fingerprint',
  'checksum',
  'soak',
  'deployed',
  'queries',
  'conflicts',
  'approval',
] as const;
export type CheckId = (typeof CHECKS)[number];

export type Verdict = 'pass' | 'fail' | 'unknown' | 'n/a';

export interface Finding {
  readonly verdict: Verdict;
  /** What the check saw: counts and names, never row values. */
  readonly evidence: string;
  /** What would release it; `null` where nothing is held. */
  readonly release: string | null;
}
export interface CheckResult extends Finding {
  readonly check: CheckId;
  /** ISO 8601, the database's clock. */
  readonly at: string;
  /** Set where an operator skipped it, with the reason; audited. */
  readonly skipped: string | null;
}

export function pass(evidence: string): Finding {
  return { verdict: 'pass', evidence, release: null };
}
export function fail(evidence: string, release: string): Finding {
  return { verdict: 'fail', evidence, release };
}
export function unknown(evidence: string, release: string): Finding {
  return { verdict: 'unknown', evidence, release };
}
export function notApplicable(evidence: string): Finding {
  return { verdict: 'n/a', evidence, release: null };
}

/** Evidence older than this does not count. */
export const MAX_AGE_SECONDS = 300;

export function holds(result: CheckResult): boolean {
  return result.skipped === null && result.verdict !== 'pass' && result.verdict !== 'n/a';
}

/** What the leader itself mends: the run goes back to its backfill, or settles again. */
export function isMended({ check, verdict, skipped }: CheckResult): boolean {
  return skipped === null && verdict === 'fail' && (check === 'pending_rows' || check === 'indexes');
}

/** Open when every check was evaluated and none holds it shut. */
export function isOpen(results: readonly CheckResult[]): boolean {
  const seen = new Set(results.map((r) => r.check));
  return CHECKS.every((check) => seen.has(check)) && !results.some(holds);
}

/** Open but for the approval: the moment an operator is asked. */
export function waitsForApprovalOnly(results: readonly CheckResult[]): boolean {
  const shut = results.filter(holds);
  return shut.length === 1 && shut[0]?.check === 'approval';
}

import { type CheckId, type Finding, notApplicable } from '#core/gate';
import { type CopyPlan, isCopy, type SyncedBackfillPlan } from '#core/plan';
import type { Catalogue, Database, RunRow } from '#ports';

/** What a check may look at. */
export interface GateContext {
  readonly database: Database;
  readonly catalogue: Catalogue;
  readonly run: RunRow;
  /** The newest runs of all other migrations. */
  readonly others: readonly RunRow[];
  /** Of the file as it is now; null: it is gone; undefined: this process has no migrations folder. */
  readonly fileChecksum: string | null | undefined;
  /** The environment waives soak, deployed and approval; never a check of the data. */
  readonly dataOnly: boolean;
  readonly approvalRequired: boolean;
  readonly environment: string;
  /** The database's clock, ISO 8601. */
  readonly now: string;
}

export interface GateCheck {
  readonly id: CheckId;
  evaluate(context: GateContext): Promise<Finding>;
}

/** For the checks that concern people and deploys, not data: null where they must be looked at. */
export function waived({ run, dataOnly, environment }: GateContext): Finding | null {
  if (run.plan.steps.contract.length === 0) return notApplicable('nothing is contracted');
  if (dataOnly) return notApplicable(`waived: the gate of environment ${environment} is data-only`);
  return null;
}

export const NO_BACKFILL = notApplicable('the plan has no backfill');

export function syncedBackfills({ run }: GateContext): readonly SyncedBackfillPlan[] {
  return run.plan.backfills.filter((b): b is SyncedBackfillPlan => b.kind === 'synced');
}

/** Those that triggers keep equal on both sides. */
export function keptBackfills(context: GateContext): readonly (SyncedBackfillPlan | CopyPlan)[] {
  return [...syncedBackfills(context), ...context.run.plan.backfills.filter(isCopy)];
}

/** `1 row`, `2 rows`, `20,000 rows`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/**
 * A run's plan: everything that will be done, as data. It is made once from the file and the catalogue, stored with the
 * run, printed by `plan`, executed by the leader and the workers. Nothing is rendered again later, so a new version of
 * Bellows, another host, or the half-changed catalogue cannot change the meaning of a run that has begun.
 */
import type { AnalysedExpression } from './analysed-sql.js';
import type { TableName } from './identifier.js';
import type { DdlForm } from './locks.js';

export const PLAN_FORMAT = 1;

/** One statement of a step, with what it takes and how to tell that it is done. */
export interface Action {
  readonly title: string;
  readonly form: DdlForm;
  readonly sql: string;
  /** A query of one boolean column: true when the catalogue shows this action as done. `null`: cannot be told. */
  readonly probe: string | null;
  /** What takes it back, `null` where nothing needs to. */
  readonly undo: string | null;
}

interface StepCommon {
  /** Unique in its run and stable; begins with the phase: `expand/1`, `settle/index/idx_users_last_name`. */
  readonly id: string;
  readonly phase: StepPhase;
  readonly title: string;
}
export type StepPhase = 'expand' | 'settle' | 'contract' | 'rollback';

/** Blocking DDL: one short transaction, after one LOCK TABLE for all its tables under a time limit. */
export interface TransactionStep extends StepCommon {
  readonly kind: 'transaction';
  /** Locked together, in this order, in ACCESS EXCLUSIVE MODE (or the weaker mode that the actions need). */
  readonly tables: readonly TableName[];
  readonly actions: readonly Action[];
  /** Queries that must return no row under the lock; else the transaction is rolled back and the gate shuts. */
  readonly guards: readonly Guard[];
  /** True where the step destroys something: the last one of a contract. */
  readonly destructive: boolean;
}
export interface Guard {
  readonly title: string;
  readonly sql: string;
}

/** CREATE INDEX CONCURRENTLY, judged by indisvalid and definition; never in a transaction. */
export interface IndexStep extends StepCommon {
  readonly kind: 'index';
  readonly table: TableName;
  readonly index: string;
  readonly unique: boolean;
  /** The whole `create … concurrently` statement. */
  readonly action: Action;
}

/** DROP INDEX CONCURRENTLY. */
export interface DropIndexStep extends StepCommon {
  readonly kind: 'drop_index';
  readonly table: TableName;
  readonly index: string;
  readonly action: Action;
}

/** VALIDATE CONSTRAINT, ANALYZE: long, weak lock, outside a transaction. */
export interface ScanStep extends StepCommon {
  readonly kind: 'scan';
  readonly table: TableName;
  readonly action: Action;
  /** The constraint to take away again when the validation finds offending rows, as SQL. */
  readonly undoOnViolation: string | null;
}

export type Step = TransactionStep | IndexStep | DropIndexStep | ScanStep;

/** A column with what the generated SQL must know of it. */
export interface PlanColumn {
  readonly name: string;
  /** As `format_type` prints it, with its modifier. */
  readonly type: string;
  /** The constant default as SQL text, `null` where there is none. */
  readonly default: string | null;
  /** A default that is not constant: an insert that leaves the column out still has a value that nobody gave. */
  readonly volatileDefault: boolean;
  /** Type equality is byte equality, so `is distinct from` may stand for the comparison of row images. */
  readonly plainEquality: boolean;
  /** The contract makes it NOT NULL: an application's NULL then counts as not given. */
  readonly requiredLater: boolean;
}

export interface MappedColumn extends PlanColumn {
  readonly expression: AnalysedExpression;
}

/** Mappings that share a column, directly or through others: changed, computed and verified together. */
export interface MappingGroup {
  /** The old side: columns that the mapping reads, or that the reverse writes. */
  readonly sources: readonly PlanColumn[];
  /** New = f(old). */
  readonly forward: readonly MappedColumn[];
  /** Old = g(new); empty without a reverse. */
  readonly backward: readonly MappedColumn[];
  /** The mapping can be recomputed later with the same result (not volatile, reads no other table). */
  readonly verifiable: boolean;
}

interface BackfillPlanCommon {
  /** Position in the migration, from 0. */
  readonly index: number;
  readonly table: TableName;
  readonly partitioned: boolean;
  readonly triggers: 'none' | 'fire' | 'skip';
  /** The planner's estimate when the plan was made; null where the table was never analysed. */
  readonly expectedRows: number | null;
  /** In which order the walk goes; absent: as the rows lie. */
  readonly order?: 'newest first';
}
export interface SyncedBackfillPlan extends BackfillPlanCommon {
  readonly kind: 'synced';
  readonly marker: string;
  readonly insertTrigger: string;
  readonly updateTrigger: string;
  /** Name of the trigger function in schema `bellows`. */
  readonly triggerFunction: string;
  /** Another BEFORE UPDATE row trigger exists, so the sync trigger must also run for batches and give back its changes. */
  readonly restores: boolean;
  /** Empty where a transform fills the columns. */
  readonly groups: readonly MappingGroup[];
  readonly transform?: TransformPlan;
}

/** The columns of a transform. The function itself is in the file, which every worker loads. */
export interface TransformPlan {
  readonly read: readonly PlanColumn[];
  readonly write: readonly PlanColumn[];
  /** Calls at a time for each range that is walked. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

export interface PlainBackfillPlan extends BackfillPlanCommon {
  readonly kind: 'plain';
  readonly set: readonly MappedColumn[];
  readonly where: AnalysedExpression;
}
export interface PurgePlan extends BackfillPlanCommon {
  readonly kind: 'purge';
  /** The rows to be deleted. */
  readonly where: AnalysedExpression;
}
/** Rows go to another table. The source is not written. */
export interface CopyPlan extends BackfillPlanCommon {
  readonly kind: 'copy';
  readonly target: TableName;
  /** What identifies a row: a column of the source, and the column of the target that holds the same. */
  readonly key: readonly CopiedKey[];
  /** Columns of the target. */
  readonly set: readonly MappedColumn[];
  readonly where: AnalysedExpression | null;
  /** Columns of the source that decide what the target holds, the key's included. */
  readonly read: readonly PlanColumn[];
  readonly keepsOthers: boolean;
  /** Keys of rows that the trigger could not carry over; in schema `bellows`. */
  readonly waiting: TableName;
  /** For rows that appear and disappear. */
  readonly insertTrigger: string;
  readonly updateTrigger: string;
  /** Of each leaf: it does not come down from the root. */
  readonly truncateTrigger: string;
  readonly triggerFunction: string;
  readonly leaves: readonly TableName[];
  /** How long a write of the application may wait in the trigger for a row of the target. Milliseconds. */
  readonly lockTimeoutMs: number;
}
export interface CopiedKey {
  readonly source: PlanColumn;
  readonly target: string;
}

/** Its `where` is all that says which rows are to be done. */
export type UnsyncedPlan = PlainBackfillPlan | PurgePlan;
export type BackfillPlan = SyncedBackfillPlan | UnsyncedPlan | CopyPlan;

/** The columns of its table that it fills. */
export function filledColumns(backfill: BackfillPlan): readonly PlanColumn[] {
  if (backfill.kind === 'purge' || backfill.kind === 'copy') return [];
  if (backfill.kind === 'plain') return backfill.set;
  return [...(backfill.transform?.write ?? []), ...backfill.groups.flatMap((group) => group.forward)];
}

/** The old side: what is read, and what a reverse writes. */
export function sourceColumns(backfill: SyncedBackfillPlan): readonly PlanColumn[] {
  return [...(backfill.transform?.read ?? []), ...backfill.groups.flatMap((group) => group.sources)];
}

export function isTransform(backfill: BackfillPlan | undefined): boolean {
  return backfill?.kind === 'synced' && backfill.transform !== undefined;
}

export function isCopy(backfill: BackfillPlan | undefined): backfill is CopyPlan {
  return backfill?.kind === 'copy';
}

/** Writes of the application may leave rows behind at any time: they are caught up with, at the gate too. */
export function catchesUp(backfill: BackfillPlan | undefined): boolean {
  return isTransform(backfill) || isCopy(backfill);
}

export interface GatePlan {
  /** Seconds. */
  readonly soakSeconds: number;
  readonly deployed: Readonly<Record<string, string>>;
  readonly queries: Readonly<Record<string, string>>;
}

/** Whose catalogue entries evidence rests on: the tables of the run, and what its copies note keys in. */
export function fingerprinted({
  tables,
  backfills,
}: Pick<RunPlan, 'tables' | 'backfills'>): readonly TableName[] {
  return [...tables, ...backfills.filter(isCopy).map((copy) => copy.waiting)];
}

/** Something `plan` must say before it is begun: a guarantee that is gone, what subscribers need, estimated work. */
export interface Notice {
  readonly code: string;
  readonly level: 'info' | 'warning';
  readonly text: string;
}

export interface RunPlan {
  readonly format: typeof PLAN_FORMAT;
  readonly migration: string;
  readonly description: string;
  readonly checksum: string;
  /** One transaction over empty tables; planned again, the whole way, where they turn out not to be empty. Default false. */
  readonly straight?: boolean;
  readonly steps: { readonly [P in StepPhase]: readonly Step[] };
  readonly backfills: readonly BackfillPlan[];
  readonly gate: GatePlan;
  /** The file's own: when expand and contract may begin, and when the backfill may run. Default: the configuration's. */
  readonly window?: { readonly ddl?: readonly string[]; readonly backfill?: readonly string[] };
  /** `schema.table` and `schema.table.column` names that this run changes or drops: what a later migration waits for. */
  readonly touches: readonly string[];
  readonly drops: readonly string[];
  /** Objects whose catalogue entries the fingerprint covers. */
  readonly tables: readonly TableName[];
  readonly notices: readonly Notice[];
}

/**
 * A definition and the facts of the catalogue become a plan. Pure: no statement is sent here, so that `plan` and `up`
 * cannot mean different things.
 */
import type { AnalysedMigration } from '#core/analysed-migration';
import { backfillsOf, type Gate, type Windows } from '#core/definition';
import { durationSeconds } from '#core/duration';
import { type BackfillPlan, isCopy, PLAN_FORMAT, type RunPlan, type SyncedBackfillPlan } from '#core/plan';
import { dropBoundActions } from '../expand/bound-function.js';
import { compileBackfill } from './compile-backfill.js';
import { contractSteps, expandTransactions, settleSteps, statementSteps } from './compile-steps.js';
import { isCreated } from './created.js';
import type { PlanningFacts } from './facts.js';
import { refuseMissing } from './missing.js';
import { notices } from './notices.js';
import { contextFor, renderOperation } from './operation.js';
import { concat } from './rendered.js';
import { rollbackSteps } from './rollback.js';
import { straightStep } from './straight.js';
import { dropsOf, tablesOf, touchesOf } from './touches.js';

export interface CompileOptions {
  /** Every table is empty and the gate is `data-only`: one transaction, see `straight.ts`. Default false. */
  readonly straight?: boolean;
  /** Refuse names that are not there: no earlier migration is left that could still make them. Default false. */
  readonly strict?: boolean;
}

export function compilePlan(
  migration: AnalysedMigration,
  facts: PlanningFacts,
  runId: number,
  { straight = false, strict = false }: CompileOptions = {},
): RunPlan {
  if (strict) refuseMissing(migration, facts);
  const { definition } = migration;
  const backfills = backfillsOf(definition).map((b, i) => compileBackfill(migration, b, i, facts, runId));
  const synced = backfills.map((b) => b.plan).filter((b): b is SyncedBackfillPlan => b.kind === 'synced');
  const copies = backfills.map((b) => b.plan).filter(isCopy);
  const expandOperations = definition.expand ?? [];
  const contractOperations = definition.contract ?? [];
  const context = contextFor(migration, facts, runId);
  const up = expandOperations.map((o, i) => renderOperation(o, context(o, String(i + 1), false)));
  const down = contractOperations.map((o, i) => renderOperation(o, context(o, String(i + 1), true)));
  const rendered = concat([...up, ...down]);
  const tables = tablesOf(definition);
  if (straight) {
    const statementsBefore = statementSteps(expandOperations, 'expand', context);
    const statementsAfter = statementSteps(contractOperations, 'contract', context);
    const there = tables.filter((table) => !isCreated(table, definition));
    const step = straightStep({ rendered, statementsBefore, statementsAfter, tables: there });
    return assemble(migration, facts, [], { expand: [step], settle: [], contract: [], rollback: [] }, true);
  }
  const expand = [
    ...expandTransactions(definition, up, backfills, facts),
    ...statementSteps(expandOperations, 'expand', context),
    ...rendered.afterExpand,
  ];
  const settle = settleSteps(backfills, synced, rendered);
  const unbind = dropBoundActions(backfills.flatMap((b) => b.actions));
  const kept = { synced, copies, runId };
  const contract = contractSteps(contractOperations, kept, rendered, tables, context, unbind);
  const created = tables.filter((table) => isCreated(table, definition));
  const rollback = rollbackSteps([...expand, ...settle, ...contract], synced, runId, created);
  return assemble(
    migration,
    facts,
    backfills.map((b) => b.plan),
    { expand, settle, contract, rollback },
    false,
  );
}

function assemble(
  migration: AnalysedMigration,
  facts: PlanningFacts,
  backfills: readonly BackfillPlan[],
  steps: RunPlan['steps'],
  straight: boolean,
): RunPlan {
  const { definition } = migration;
  return {
    format: PLAN_FORMAT,
    migration: migration.id,
    description: definition.description,
    checksum: migration.checksum,
    ...(straight ? { straight } : {}),
    steps,
    backfills,
    gate: gatePlan(definition.gate),
    ...(definition.window === undefined ? {} : { window: windowPlan(definition.window) }),
    touches: touchesOf(definition, backfills),
    drops: dropsOf(definition),
    tables: tablesOf(definition),
    notices: notices(migration, backfills, facts),
  };
}

function windowPlan({ ddl, backfill }: Windows): NonNullable<RunPlan['window']> {
  return {
    ...(ddl === undefined ? {} : { ddl: [ddl].flat() }),
    ...(backfill === undefined ? {} : { backfill: [backfill].flat() }),
  };
}

function gatePlan(gate: Gate | undefined): RunPlan['gate'] {
  return {
    soakSeconds: gate?.soak === undefined ? 0 : durationSeconds(gate.soak),
    deployed: gate?.deployed ?? {},
    queries: Object.fromEntries(
      Object.entries(gate?.queries ?? {}).map(([name, query]) => [name, query.text]),
    ),
  };
}

/**
 * A definition and the facts of the catalogue become a plan. Pure: no statement is sent here, so that `plan` and `up`
 * cannot mean different things.
 */
import { type AnalysedMigration, expressionKey } from '#core/analysed-migration';
import { type AnyOperation, backfillsOf, type Definition, type Gate, type Statement } from '#core/definition';
import { durationSeconds } from '#core/duration';
import { displayTable, parseTable, quoteTable, sameTable, type TableName } from '#core/identifier';
import {
  type Action,
  type BackfillPlan,
  PLAN_FORMAT,
  type RunPlan,
  type Step,
  type SyncedBackfillPlan,
  type TransactionStep,
} from '#core/plan';
import { type CompiledBackfill, compileBackfill } from './compile-backfill.js';
import { cutStep, proveComplete, quarantineIndex } from './contract/cut.js';
import { renderDropColumn } from './contract/drop-column.js';
import { renderDropTable } from './contract/drop-table.js';
import { renderSetNotNull } from './contract/set-not-null.js';
import { renderAddCheck } from './expand/add-check.js';
import { renderAddColumn } from './expand/add-column.js';
import { renderAddForeignKey } from './expand/add-foreign-key.js';
import { renderAddUnique } from './expand/add-unique.js';
import { columnGrantActions } from './expand/column-grants.js';
import { renderCreateIndex } from './expand/create-index.js';
import { markerActions } from './expand/marker.js';
import { statementAction } from './expand/statement.js';
import { syncTriggerActions } from './expand/sync-trigger.js';
import { type PlanningFacts, tableOf } from './facts.js';
import { refuseMissing } from './missing.js';
import { notices } from './notices.js';
import { concat, NOTHING, type RenderContext, type Rendered } from './rendered.js';
import { rollbackSteps } from './rollback.js';
import { analyzeStep, indexStep, transactionStep } from './steps.js';
import { straightStep } from './straight.js';
import { dropsOf, touchesOf } from './touches.js';

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
    const step = straightStep({ rendered, statementsBefore, statementsAfter, tables });
    return assemble(migration, facts, [], { expand: [step], settle: [], contract: [], rollback: [] }, true);
  }
  const expand = [
    ...expandTransactions(definition, up, backfills, facts),
    ...statementSteps(expandOperations, 'expand', context),
    ...rendered.afterExpand,
  ];
  const settle = settleSteps(backfills, synced, rendered);
  const contract = contractSteps(contractOperations, synced, rendered, tables, context);
  const rollback = rollbackSteps([...expand, ...settle, ...contract], synced);
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
    touches: touchesOf(definition, backfills),
    drops: dropsOf(definition),
    tables: tablesOf(definition),
    notices: notices(migration, backfills, facts),
  };
}

function renderOperation(operation: AnyOperation, context: RenderContext): Rendered {
  switch (operation.kind) {
    case 'addColumn':
      return renderAddColumn(operation, context);
    case 'createIndex':
      return renderCreateIndex(operation, context);
    case 'addCheck':
      return renderAddCheck(operation, context);
    case 'addForeignKey':
      return renderAddForeignKey(operation, context);
    case 'addUnique':
      return renderAddUnique(operation, context);
    case 'setNotNull':
      return renderSetNotNull(operation, context);
    case 'dropColumn':
      return renderDropColumn(operation, context);
    case 'dropTable':
      return renderDropTable(operation, context);
    case 'statement':
      return NOTHING;
  }
}

type ContextOf = (operation: AnyOperation, position: string, inContract: boolean) => RenderContext;

function contextFor(migration: AnalysedMigration, facts: PlanningFacts, runId: number): ContextOf {
  const { definition } = migration;
  return (operation, position, inContract) => {
    const written =
      operation.kind === 'dropTable' ? operation.name : (operation.table ?? definition.table ?? '');
    const table = parseTable(written);
    const adds = (definition.expand ?? []).filter(
      (o) => o.kind === 'addColumn' && tableOf(o, definition) === written,
    );
    const fills = backfillsOf(definition).filter((b) => tableOf(b, definition) === written);
    return {
      runId,
      position,
      table,
      facts: facts.tables.get(quoteTable(table)) ?? null,
      server: facts.server,
      added: new Map(adds.flatMap((o) => (o.kind === 'addColumn' ? [[o.column, o.type] as const] : []))),
      backfilled: new Set(fills.flatMap((b) => Object.keys(b.set))),
      typeOf: (type) => facts.types.get(type) ?? type,
      isVolatile: (expression) => facts.volatileDefaults.has(expression),
      reads: (expression) => migration.expressions.get(expressionKey(written, expression))?.columns ?? [],
      inContract,
    };
  };
}

/** One transaction a table: columns, defaults, marker and triggers appear in it together, and the row type changes once. */
function expandTransactions(
  definition: Definition,
  rendered: readonly Rendered[],
  backfills: readonly CompiledBackfill[],
  facts: PlanningFacts,
): readonly Step[] {
  return tablesOf(definition).flatMap((table): readonly TransactionStep[] => {
    const own = (definition.expand ?? []).flatMap((o, i) =>
      sameTable(parseTable(tableOf(o, definition)), table) ? (rendered[i]?.expand ?? []) : [],
    );
    const here = backfills.filter((b) => sameTable(b.plan.table, table));
    const synced = here.map((b) => b.plan).filter((p): p is SyncedBackfillPlan => p.kind === 'synced');
    const actions = [
      ...own,
      ...synced.flatMap(markerActions),
      ...grants(synced, facts),
      ...here.flatMap((b) => b.actions),
      ...synced.flatMap(syncTriggerActions),
    ];
    if (actions.length === 0) return [];
    return [
      transactionStep(
        `expand/${displayTable(table)}`,
        'expand',
        `expand ${displayTable(table)}`,
        [table],
        actions,
      ),
    ];
  });
}

function grants(synced: readonly SyncedBackfillPlan[], facts: PlanningFacts): readonly Action[] {
  return synced.flatMap((plan) => {
    const table = facts.tables.get(quoteTable(plan.table));
    return table === undefined ? [] : columnGrantActions(plan, table);
  });
}

function statementSteps(
  operations: readonly AnyOperation[],
  phase: 'expand' | 'contract',
  context: ContextOf,
): readonly TransactionStep[] {
  return operations.flatMap((o, i) => (o.kind === 'statement' ? [statementStep(o, i, phase, context)] : []));
}

function statementStep(
  operation: Statement,
  index: number,
  phase: 'expand' | 'contract',
  context: ContextOf,
): TransactionStep {
  const at = context(operation, String(index + 1), phase === 'contract');
  const tables = at.facts === null ? [] : [at.table];
  return transactionStep(`${phase}/${index + 1}/statement`, phase, operation.reason, tables, [
    statementAction(operation, at),
  ]);
}

function settleSteps(
  backfills: readonly CompiledBackfill[],
  synced: readonly SyncedBackfillPlan[],
  rendered: Rendered,
): readonly Step[] {
  return [
    // Before readers come: a new column without statistics gets plans that guess.
    ...backfills.map(({ plan }) =>
      analyzeStep(`settle/analyze/${plan.index}`, plan.table, filledColumns(plan)),
    ),
    ...rendered.settle,
    ...synced.map((b) => indexStep(`settle/quarantine/${b.index}`, 'settle', quarantineIndex(b))),
  ];
}

function filledColumns(plan: CompiledBackfill['plan']): readonly string[] {
  return plan.kind === 'plain'
    ? plan.set.map((c) => c.name)
    : plan.groups.flatMap((g) => g.forward.map((c) => c.name));
}

function contractSteps(
  operations: readonly AnyOperation[],
  synced: readonly SyncedBackfillPlan[],
  rendered: Rendered,
  tables: readonly TableName[],
  context: ContextOf,
): readonly Step[] {
  const firstDrop = operations.findIndex((o) => o.kind === 'dropColumn' || o.kind === 'dropTable');
  const before = firstDrop < 0 ? operations.length : firstDrop;
  const statements = statementSteps(operations, 'contract', context);
  const position = (step: TransactionStep) => Number(step.id.split('/')[1]) - 1;
  const cut = cutStep(synced, rendered, tables);
  return [
    ...synced.flatMap(proveComplete),
    ...rendered.prove,
    ...statements.filter((s) => position(s) < before),
    ...(cut === null ? [] : [cut]),
    ...statements.filter((s) => position(s) >= before),
  ];
}

function tablesOf(definition: Definition): readonly TableName[] {
  const written = [
    ...[...(definition.expand ?? []), ...(definition.contract ?? [])].flatMap((o) => {
      if (o.kind === 'dropTable') return [o.name];
      return o.table ?? definition.table ?? [];
    }),
    ...backfillsOf(definition).map((b) => tableOf(b, definition)),
  ];
  return [...new Set(written)].map(parseTable);
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

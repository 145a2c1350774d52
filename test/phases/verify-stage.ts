/** A run made by the real planner and brought to its gate by the real backfill, in a database of its own. */
import type { AnalysedMigration } from '#core/analysed-migration';
import { checksumOf } from '#core/checksum';
import type { Definition } from '#core/definition';
import type { Step } from '#core/plan';
import type { State } from '#core/state';
import { loadParser } from '#parser/load';
import { tokensOf } from '#parser/tokens';
import { type VerifyOptions, verifyRun } from '#phases/contract/verify';
import { compilePlan } from '#phases/plan/compile';
import { gatherFacts } from '#phases/plan/facts';
import type { Catalogue, RunRow } from '#ports';
import { createCatalogue } from '../../src/postgres/catalogue.js';
import { analyse } from '../../src/project/analyse.js';
import { backfill, NEVER, reread, setState, type Workshop } from './backfill-workshop.js';

export interface Staged {
  readonly shop: Workshop;
  readonly catalogue: Catalogue;
  run: RunRow;
}

/** Planned and expanded; backfilling. */
export async function expanded(
  shop: Workshop,
  definition: Definition,
  id = '20260101000000_names',
): Promise<Staged> {
  await loadParser();
  const catalogue = createCatalogue(shop.database);
  const analysis = analyse(definition);
  if (analysis.problems.length > 0) throw new Error(JSON.stringify(analysis.problems));
  const checksum = checksumOf(definition, tokensOf);
  const migration: AnalysedMigration = { id, definition, checksum, expressions: analysis.expressions };
  const runId = await shop.store.nextRunId();
  const plan = compilePlan(migration, await gatherFacts(catalogue, migration), runId);
  await shop.store.create(runId, plan, { concurrency: 1, targetMs: 100, rowsPerSecond: null }, 'test');
  await perform(shop, plan.steps.expand);
  const staged = { shop, catalogue, run: await reread(shop.store, runId) };
  await enter(staged, { kind: 'backfilling', since: await shop.store.now(), again: null });
  return staged;
}

/** Expanded, backfilled by proof, settled, verified; at its gate. */
export async function gated(shop: Workshop, definition: Definition, id?: string): Promise<Staged> {
  const staged = await expanded(shop, definition, id);
  if (staged.run.plan.backfills.length > 0) await backfill(shop, staged.run);
  await perform(shop, staged.run.plan.steps.settle);
  if (staged.run.plan.backfills.length > 0) await verify(staged);
  await enter(staged, { kind: 'gated', since: await shop.store.now() });
  return staged;
}

export async function enter(staged: Staged, state: State): Promise<void> {
  await setState(staged.shop.database, staged.run.id, { ...state });
  staged.run = await reread(staged.shop.store, staged.run.id);
}

export function verify({ shop, catalogue, run }: Staged, options: Partial<VerifyOptions> = {}) {
  return verifyRun({ database: shop.database, catalogue }, run, { signal: NEVER, ...options });
}

export async function perform({ app }: Workshop, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind !== 'transaction') {
      // Nobody else is here; and a partitioned table has no CONCURRENTLY in one statement.
      await app.query(step.action.sql.replace(' concurrently ', ' '));
      continue;
    }
    await app.query('begin');
    for (const action of step.actions) await app.query(action.sql);
    await app.query('commit');
  }
}

/** Writes past the sync trigger, as a bug or a superuser would. */
export async function behindTheTrigger(
  { shop, run }: Staged,
  ...statements: readonly string[]
): Promise<void> {
  const triggers = run.plan.backfills.flatMap((b) =>
    b.kind === 'synced' ? [{ table: b.table, names: [b.insertTrigger, b.updateTrigger] }] : [],
  );
  const alter = async (mode: string) => {
    for (const { table, names } of triggers) {
      for (const name of names) {
        await shop.app.query(`alter table "${table.schema}"."${table.name}" ${mode} trigger "${name}"`);
      }
    }
  };
  await shop.app.query('begin');
  await alter('disable');
  for (const text of statements) await shop.app.query(text);
  await alter('enable always');
  await shop.app.query('commit');
}

export function markerOf({ run }: Staged): string {
  const [first] = run.plan.backfills;
  if (first?.kind !== 'synced') throw new Error('the plan has no marker');
  return `"${first.marker}"`;
}

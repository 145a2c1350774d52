/** A transform as the plan holds it: its columns and limits; the function stays in the file. */
import type { TransformBackfill } from '#core/definition';
import { durationMs } from '#core/duration';
import { RefusedError } from '#core/errors';
import { displayTable } from '#core/identifier';
import type { SyncedBackfillPlan } from '#core/plan';
import {
  type Common,
  columnFacts,
  marked,
  planColumn,
  refuseLaterTriggers,
  type Scope,
} from './backfill-scope.js';

const TIMEOUT = '30s';

export function transformed(backfill: TransformBackfill, common: Common, scope: Scope): SyncedBackfillPlan {
  refuseGenerated(backfill.read, scope);
  refuseLaterTriggers(scope);
  return {
    ...common,
    ...marked(common, scope),
    groups: [],
    transform: {
      read: backfill.read.map((name) => planColumn(name, scope)),
      write: backfill.write.map((name) => planColumn(name, scope)),
      concurrency: backfill.concurrency ?? 1,
      timeoutMs: durationMs(backfill.timeout ?? TIMEOUT) ?? 0,
    },
  };
}

function refuseGenerated(read: readonly string[], scope: Scope): void {
  const generated = read.find((name) => columnFacts(name, scope)?.generated === true);
  if (generated === undefined) return;
  throw new RefusedError({
    what: `The transform of ${displayTable(scope.table)} reads ${generated}, a generated column.`,
    why: 'Before the row is stored a generated column has no value yet, so the sync trigger could not see that it changes.',
    next: `Let it read the columns that ${generated} is made of.`,
  });
}

import { quote, quoteTable, type TableName } from '#core/identifier';
import type { IndexStep } from '#core/plan';
import type { StepOutcome } from '#ports';
import { type Attempt, type Ddl, pause } from './ddl-context.js';
import { ConflictingObjectError, isBlocked, refused, stateOf, violationOf } from './ddl-errors.js';
import {
  builderOf,
  expectedShape,
  type FoundIndex,
  findIndex,
  type IndexStatement,
} from './ddl-index-facts.js';
import { isOfStep, isOurs, longStatement } from './ddl-long.js';
import { demandLease } from './fence.js';

/** Each round ends with one more fact of the catalogue; more rounds than this means that somebody works against us. */
const ROUNDS = 6;

export interface WantedIndex {
  readonly name: string;
  readonly table: TableName;
  readonly statement: IndexStatement;
}

export type Built = { readonly outcome: StepOutcome; readonly found: boolean };

/**
 * Makes the index be there, valid and as wanted, whatever an earlier leader left: found, adopted, or dropped and built.
 * `found`: it was there at the first look. For one table or leaf; never IF NOT EXISTS, which takes an invalid index for one.
 */
export async function ensureIndex(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  wanted: WantedIndex,
): Promise<Built> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const index = await findIndex(ddl.database, attempt.step, wanted.name, wanted.table);
    if (index?.valid === true) {
      await demandShape(ddl, attempt, wanted, index);
      return { outcome: { kind: 'done' }, found: round === 0 };
    }
    const outcome =
      index === null ? await build(ddl, attempt, wanted) : await clear(ddl, attempt, wanted, index);
    if (outcome !== null) return { outcome, found: false };
  }
  throw new ConflictingObjectError(
    attempt.step,
    `Index ${wanted.name} is still not valid after ${ROUNDS} rounds.`,
    'Something else drops or cancels it; see pg_stat_activity.',
  );
}

async function demandShape(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  wanted: WantedIndex,
  index: FoundIndex,
): Promise<void> {
  const expected = await expectedShape(ddl.database, wanted.table, wanted.statement);
  if (index.shape === expected) return;
  const what = `Index ${wanted.name} is there and valid, but another one.`;
  throw new ConflictingObjectError(
    attempt.step,
    what,
    `It is "${index.shape}", and the plan needs "${expected}".`,
  );
}

/** Null: look again. */
async function build(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  wanted: WantedIndex,
): Promise<StepOutcome | null> {
  const { unique, rest } = wanted.statement;
  const sql = `create ${unique ? 'unique ' : ''}index concurrently ${quote(wanted.name)} on ${quoteTable(wanted.table)} ${rest}`;
  const failed = await longStatement(ddl, attempt, sql);
  if (failed === null) return null;
  const { error, blockers } = failed;
  // Somebody made it since we looked.
  if (stateOf(error) === '42P07') return null;
  // What is left over is invalid and may be kept up to date by every write: the next call takes it for what it is.
  if (isBlocked(error)) return { kind: 'blocked', blockers, sqlstate: stateOf(error) };
  const violated = violationOf(error);
  if (violated === null) throw refused(attempt, error, LEFTOVER);
  const dropped = await dropInvalid(ddl, attempt, wanted);
  return dropped ?? violated;
}

const LEFTOVER = 'An invalid index may be left; it is dropped when the step is tried again.';

/** An index that is not valid: being built, or left over. Null: look again. */
async function clear(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  wanted: WantedIndex,
  index: FoundIndex,
): Promise<StepOutcome | null> {
  const builder = await builderOf(ddl.database, index);
  if (builder === null) return dropInvalid(ddl, attempt, wanted);
  // A build of another run of ours is an orphan. A person's, or an earlier leader's of this very step, is worth its wait.
  if (isOurs(builder.query) && !isOfStep(builder.query, attempt)) await end(ddl, attempt, builder.pid);
  while ((await builderOf(ddl.database, index)) !== null) await pause(ddl.settings.pollMs, attempt.signal);
  return null;
}

async function end(ddl: Ddl, attempt: Attempt, pid: number): Promise<void> {
  await demandLease(ddl.database, attempt.fence);
  await ddl.database.query('select pg_terminate_backend($1)', [pid]);
}

async function dropInvalid(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  wanted: WantedIndex,
): Promise<StepOutcome | null> {
  const index = await findIndex(ddl.database, attempt.step, wanted.name, wanted.table);
  // Read once more: between the first look and this one a build that nobody saw may have come to its end.
  if (index === null || index.valid) return null;
  return dropConcurrently(ddl, attempt, { schema: wanted.table.schema, name: wanted.name });
}

/** Null: it is gone, or somebody else is at it; look again. */
export async function dropConcurrently(
  ddl: Ddl,
  attempt: Attempt,
  index: TableName,
): Promise<StepOutcome | null> {
  const failed = await longStatement(ddl, attempt, `drop index concurrently ${quoteTable(index)}`);
  if (failed === null) return null;
  const { error, blockers } = failed;
  const sqlstate = stateOf(error);
  if (isBlocked(error)) return { kind: 'blocked', blockers, sqlstate };
  // Gone already; or the server's XX000 "tuple concurrently updated", since another session finished the index meanwhile.
  if (sqlstate === '42704' || sqlstate === 'XX000') return null;
  throw refused(attempt, error, LEFTOVER);
}

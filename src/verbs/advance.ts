/**
 * Walks the timeline once: plain migrations whose turn has come are run, phased ones get their run, which the leader then moves.
 * What waits for an earlier migration is left for the next call.
 */
import { type Prepared, prepareUp } from '#everyday/sql/prepare';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { adopt } from './adopt.js';
import type { Context } from './context.js';
import { type PlainState, readPlain } from './plain.js';
import {
  type Ahead,
  aheadOfFile,
  aheadOfPlain,
  aheadOfRun,
  waitOfPhased,
  waitOfPlain,
} from './plain-order.js';
import type { PlainOptions } from './plain-running.js';
import { runAll } from './run-plain.js';
import type { Entry } from './timeline.js';

export interface AdvanceOptions extends PlainOptions {
  /** Whether a rolled-back migration is run again. */
  readonly again: (file: LoadedMigration, run: RunRow) => boolean;
}

/** @returns the ids of the plain migrations that wait */
export async function advance(
  context: Context,
  entries: readonly Entry[],
  options: AdvanceOptions,
): Promise<readonly string[]> {
  const runs = await context.store.runs();
  const plain = await readPlain(context, await context.folder());
  const pending = new Set(plain.files.flatMap(({ file, state }) => (state === 'pending' ? [file.id] : [])));
  const isDue = (entry: Entry) =>
    entry.kind === 'sql' ? pending.has(entry.id) : !isThrough(entry.file, plain, runs);
  if (!entries.some(isDue)) return [];
  // From here on definitions and statements are read.
  await context.project();
  const inFlight = runs.flatMap((run) => aheadOfRun(run) ?? []);
  const held: Held = { plain: [], phased: [] };
  const due: Prepared[] = [];
  for (const entry of entries) {
    const ahead = [...inFlight.filter(({ id }) => id < entry.id), ...held.phased, ...held.plain];
    if (entry.kind === 'phased') await begin(context, entry.file, { runs, plain, held, due, ahead }, options);
    else if (pending.has(entry.id)) {
      if (waitOfPlain(entry.file, ahead) === null) due.push(prepareUp(entry.file));
      else held.plain.push(aheadOfPlain(entry.file));
    }
  }
  await runAll(context, due.splice(0), options);
  return held.plain.map(({ id }) => id);
}

/** What was met on the way and is not through: what is behind it may have to wait. */
interface Held {
  readonly plain: Ahead[];
  readonly phased: Ahead[];
}

function isThrough(file: LoadedMigration, plain: PlainState, runs: readonly RunRow[]): boolean {
  const run = runs.find((r) => r.migration === file.id);
  return run === undefined ? plain.ledger.applied.has(file.version) : run.state.kind !== 'rolled_back';
}

interface Course {
  readonly runs: readonly RunRow[];
  readonly plain: PlainState;
  readonly held: Held;
  readonly due: Prepared[];
  readonly ahead: readonly Ahead[];
}

/** Gives a phased migration its run, once the plain ones before it are through: they may make its tables. */
async function begin(
  context: Context,
  file: LoadedMigration,
  { runs, plain, held, due, ahead }: Course,
  options: AdvanceOptions,
): Promise<void> {
  if (isThrough(file, plain, runs)) return;
  const run = runs.find((r) => r.migration === file.id);
  if (waitOfPhased(file, held.plain) !== null) {
    held.phased.push(aheadOfFile(file));
    return;
  }
  await runAll(context, due.splice(0), options);
  const unfinished = ahead.map(({ id }) => id);
  const adoption = await adopt(context, file, run, unfinished, options.again);
  if (adoption !== 'known') held.phased.push(aheadOfFile(file));
}

/** Watches the runs while leader and workers move them, and goes on in the timeline whenever one has moved. */
import type { Status, UpOptions } from '#api';
import type { LoadedMigration } from '#project/project';
import { type AdvanceOptions, advance } from './advance.js';
import type { Context } from './context.js';
import { judgeAll } from './judge.js';
import type { Judgement, Until } from './judge-gate.js';
import { sleep } from './sleep.js';
import { readStatus } from './status.js';
import type { Entry } from './timeline.js';

const LOOK_MS = 200;

export interface Followed {
  readonly entries: readonly Entry[];
  /** The phased ones of them. */
  readonly files: readonly LoadedMigration[];
  readonly until: Until;
  /** The plain ones of them that wait for a phased one. */
  readonly waiting: readonly string[];
}

/** @returns whether everything went as far as it was to go */
export async function follow(
  context: Context,
  { entries, files, until, waiting }: Followed,
  options: UpOptions,
  advancing: AdvanceOptions,
): Promise<boolean> {
  const { signal } = advancing;
  let [still, seen] = [waiting, ''];
  while (!signal.aborted) {
    const now = (await context.store.runs()).map((r) => `${r.id}:${r.version}`).join();
    // Planning reads the catalogue: only worth it when something has moved.
    if (now !== seen) still = await advance(context, entries, advancing);
    seen = now;
    const verdicts = await judgeAll(context, files, until, options);
    // Status reads the ledger of every run: only for somebody who looks.
    if (options.onProgress !== undefined) tell(options, await readStatus(context));
    if (!verdicts.includes('moving'))
      return still.every(() => until !== 'done') && verdicts.every(isEnd(until));
    await sleep(LOOK_MS, signal);
  }
  return false;
}

function isEnd(until: Until): (verdict: Judgement) => boolean {
  return (verdict) => verdict === 'reached' || (verdict === 'waiting' && until !== 'done');
}

/** Whoever shows the progress is an observer: its failure is its own. */
function tell({ onProgress }: UpOptions, status: Status): void {
  try {
    onProgress?.(status);
  } catch {
    // There is nobody safe to tell.
  }
}

import { MOST_AHEAD, type Opened } from '#everyday/sql/message';
import type { Prepared } from '#everyday/sql/prepare';
import { runPrepared } from '#everyday/sql/run';
import { leavesSettings } from '#everyday/sql/settings-left';
import type { Context } from './context.js';
import { readPlain } from './plain.js';
import { refuseStopped } from './plain-refusals.js';
import { type PlainOptions, runningPlain } from './plain-running.js';

/** Runs files one after the other, under one lease. A session goes on from file to file until one has changed its settings. */
export async function runAll(
  context: Context,
  prepared: readonly Prepared[],
  options: PlainOptions & { readonly signal: AbortSignal },
): Promise<void> {
  if (prepared.length === 0) return;
  await runningPlain(context, options, async (withSession) => {
    const rest = await stillDue(context, prepared);
    while (rest.length > 0) {
      await withSession(async (running) => {
        let opened: Opened | null = null;
        for (let file = rest.shift(); file !== undefined; file = rest.shift()) {
          const last = leavesSettings(file.units);
          const following = () => (last ? [] : onSameSession(rest));
          opened = await runPrepared(running, file, { opened, following });
          if (last) return;
        }
      });
    }
  });
}

/** The next ones, as far as one that changes the settings. */
function onSameSession(rest: readonly Prepared[]): readonly Prepared[] {
  const next = rest.slice(0, MOST_AHEAD);
  const last = next.findIndex(({ units }) => leavesSettings(units));
  return last < 0 ? next : next.slice(0, last + 1);
}

/** Another runner may have gone first while this one waited for the lease. */
async function stillDue(context: Context, prepared: readonly Prepared[]): Promise<Prepared[]> {
  const plain = await readPlain(context, await context.project());
  refuseStopped(plain);
  const states = new Map(plain.files.map(({ file, state }) => [file.id, state]));
  const needed = { up: 'pending', down: 'applied' } as const;
  return prepared.filter(({ migration, direction }) => states.get(migration.id) === needed[direction]);
}

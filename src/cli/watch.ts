/** `status --watch`: looks again and again; redrawn on a terminal, a line for each change and one now and then elsewhere. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MigrationStatus } from '#core/status';
import { type Cli, clock } from './cli.js';
import { progressKey, progressLine } from './render/up-progress.js';
import type { View } from './render/view.js';
import { untilStopped } from './verbs/serve.js';

export interface Look {
  /** The document of `--json`. */
  readonly document: unknown;
  readonly migrations: readonly MigrationStatus[];
  readonly lines: (view: View) => readonly string[];
}

const EVERY_MS = 2_000;
/** In a log, a walk that only goes on is worth a line this often. */
const LOG_EVERY_MS = 10_000;
/** Home, and everything below it away: what does not fit would leave a trail if it were redrawn line by line. */
const CLEAR = '\u001b[H\u001b[2J';

/** Until Ctrl-C, or until everything that is watched is over. */
export async function watch(cli: Cli, look: () => Promise<Look>): Promise<number> {
  const show = cli.json ? documents(cli) : cli.io.stdout.isTTY === true ? screen(cli) : lines(cli);
  return untilStopped(cli, async (signal) => {
    while (!signal.aborted) {
      const seen = await look();
      show(seen);
      if (seen.migrations.length > 0 && seen.migrations.every(isOver)) return;
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  });
}

function isOver({ state }: MigrationStatus): boolean {
  return state === 'done' || state === 'rolled_back';
}

type Show = (look: Look) => void;

/** One document a line, for programs that read as it comes. */
function documents(cli: Cli): Show {
  return ({ document }) => cli.io.stdout.write(`${JSON.stringify(document)}\n`);
}

function screen(cli: Cli): Show {
  return (look) => {
    const all = look.lines({ ...cli.view, now: clock(cli.io)() });
    const rows = cli.io.rows ?? all.length + 1;
    // The last row stays free for the ^C.
    const shown = all.length < rows ? all : [...all.slice(0, rows - 2), '… the terminal is too low for all'];
    cli.io.stdout.write(`${CLEAR}${shown.join('\n')}\n`);
  };
}

function lines(cli: Cli): Show {
  const said = new Map<string, { readonly key: string; readonly at: number }>();
  return ({ migrations }) => {
    const now = clock(cli.io)();
    for (const migration of migrations) {
      const key = `${progressKey(migration, undefined)} ${migration.waits.map(({ cause }) => cause).join()}`;
      const last = said.get(migration.id);
      const due = migration.state === 'backfilling' && now - (last?.at ?? now) >= LOG_EVERY_MS;
      if (last?.key === key && !due) continue;
      said.set(migration.id, { key, at: now });
      cli.io.stdout.write(`${lineOf(migration, now)}\n`);
    }
  };
}

/** What the line of `up` says by itself. */
const SAID: readonly string[] = ['failed', 'paused', 'throttle', 'gate', 'approval'];

function lineOf(migration: MigrationStatus, now: number): string {
  const waits = migration.waits.filter(({ cause }) => !SAID.includes(cause)).map(({ reason }) => reason);
  const line = progressLine(migration, { blocked: new Map(), verified: new Map() }, now);
  return [line, ...waits].join('  ');
}

/** Progress on stderr: redrawn in place on a terminal, a line now and then where there is none. */
import type { Blocker, EventMap, Listener } from '#core/events';
import type { MigrationStatus } from '#core/status';
import { blockerText } from '#core/waits';
import { type Cli, clock } from './cli.js';
import { isVerifying, progressBlock, progressKey, progressLine, type Seen } from './render/up-progress.js';

/** In a log, a walk that only goes on is worth a line this often. */
const LOG_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 200;

export interface Live {
  show(migrations: readonly MigrationStatus[]): void;
  readonly listener: Listener;
  /** Leaves the last look standing, with a line of its own below it. */
  end(): void;
  /** Takes away what was drawn, so that the answer stands in its place; what was logged stays. */
  clear(): void;
}

export function createLive(cli: Cli): Live {
  const blocked = new Map<string, string>();
  const verified = new Map<string, number>();
  const seen = { blocked, verified };
  const target = cli.io.stderr.isTTY === true ? redrawn(cli, seen) : logged(cli, seen);
  return {
    ...target,
    listener: (name, payload) => {
      if (name === 'step:attempt') attempted(blocked, payload as EventMap['step:attempt']);
      if (name === 'verify:progress') {
        const { migration, done, total } = payload as EventMap['verify:progress'];
        verified.set(migration, total === 0 ? 1 : done / total);
      }
    },
  };
}

function attempted(
  blocked: Map<string, string>,
  { migration, outcome, blockers }: EventMap['step:attempt'],
): void {
  const first: Blocker | undefined = blockers[0];
  if (outcome === 'ok' || first === undefined) blocked.delete(migration);
  else blocked.set(migration, blockerText(first));
}

function redrawn(cli: Cli, seen: Seen): Omit<Live, 'listener'> {
  let drawn: readonly string[] = [];
  let latest: readonly MigrationStatus[] = [];
  let at = Number.NEGATIVE_INFINITY;
  const redraw = (lines: readonly string[]) => {
    // Over the ^C that the terminal echoed, up to the first line of the old block, and everything below it away.
    const back = drawn.length === 0 ? '' : `\r\u001b[${drawn.length}A\u001b[0J`;
    cli.io.stderr.write(`${back}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines;
  };
  const draw = () => {
    const lines = progressBlock(latest, seen, { ...cli.noteView, now: clock(cli.io)() });
    if (lines.join('\n') !== drawn.join('\n')) redraw(lines);
  };
  return {
    show: (migrations) => {
      latest = migrations;
      const now = clock(cli.io)();
      if (now - at < REDRAW_EVERY_MS) return;
      at = now;
      draw();
    },
    end: draw,
    clear: () => redraw([]),
  };
}

function logged(cli: Cli, { blocked, verified }: Seen): Omit<Live, 'listener'> {
  const said = new Map<string, { readonly key: string; readonly at: number }>();
  return {
    show: (migrations) => {
      const now = clock(cli.io)();
      for (const migration of migrations) {
        const blocker = blocked.get(migration.id);
        const key = progressKey(migration, blocker);
        const last = said.get(migration.id);
        const goesOn = migration.state === 'backfilling' || isVerifying(migration, verified);
        const due = goesOn && now - (last?.at ?? now) >= LOG_EVERY_MS;
        if (last?.key === key && !due) continue;
        said.set(migration.id, { key, at: now });
        cli.note(progressLine(migration, { blocked, verified }, now));
      }
    },
    end: () => undefined,
    clear: () => undefined,
  };
}

/** A counter that goes up, for verification. */
export function createCounter(
  cli: Cli,
  what: string,
): { tell(done: number, total: number): void; end(): void } {
  const terminal = cli.io.stderr.isTTY === true;
  let at = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    tell: (done, total) => {
      const now = clock(cli.io)();
      if (now - at < (terminal ? REDRAW_EVERY_MS : LOG_EVERY_MS)) return;
      at = now;
      const share = total === 0 ? 100 : Math.floor((done / total) * 100);
      cli.io.stderr.write(terminal ? `\r${what} ${share} %\u001b[K` : `${what} ${share} %\n`);
      drawn = terminal;
    },
    end: () => {
      if (drawn) cli.io.stderr.write('\r\u001b[K');
    },
  };
}

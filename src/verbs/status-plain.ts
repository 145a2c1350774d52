/** Plain SQL migrations in the shape of `status`. */
import type { MigrationStatus } from '#core/status';
import { sentenceOf, type Wait } from '#core/waits';
import type { Reconciled } from '#everyday/sql/reconcile';
import type { RunRow } from '#ports';
import type { Project } from '#project/project';
import type { PlainState } from './plain.js';
import { type Ahead, aheadOfPlain, aheadOfRun, waitOfPlain } from './plain-order.js';

const BLANK = { kind: 'sql', paused: null, failed: null, backfill: null, gate: [], waits: [] } as const;

export function statusOfPlain(
  plain: PlainState,
  project: Pick<Project, 'problems'>,
  runs: readonly RunRow[],
  /** Who runs plain SQL at this moment, `host/pid`; null: nobody. */
  runner: string | null,
): readonly MigrationStatus[] {
  const waits = waitsOfPending(plain, runs);
  const known = new Set([...runs.map((r) => r.migration), ...project.problems.map(({ id }) => id)]);
  const missing = plain.missing
    .filter(
      ({ id, version }) => ![...known].some((other) => other === id || other?.startsWith(`${version}_`)),
    )
    .map(({ id }) =>
      standing(id, 'done', drift('its file is gone', 'restore it, or leave it: it is not run again')),
    );
  return [...plain.files.map((one) => statusOfFile(one, waits.get(one.file.id) ?? null, runner)), ...missing];
}

function statusOfFile(one: Reconciled, waitsFor: string | null, runner: string | null): MigrationStatus {
  const { file, state, oddity } = one;
  if (state === 'stopped') return stoppedStatus(one, runner);
  if (state === 'applied')
    return oddity === 'edited'
      ? standing(
          file.id,
          'done',
          drift(
            'its file was edited after it was applied',
            `restore it, or bellows resolve ${file.id} --applied`,
          ),
        )
      : { ...BLANK, id: file.id, state: 'done', next: 'nothing: it is done' };
  if (oddity !== null && typeof oddity === 'object')
    return standing(
      file.id,
      'pending',
      drift(
        `it was applied as ${oddity.renamedFrom}`,
        `rename it back, or bellows resolve ${file.id} --applied`,
      ),
    );
  if (waitsFor !== null)
    return standing(file.id, 'pending', { cause: 'order', reason: waitsFor, next: 'it begins by itself' });
  const late = oddity === 'late' ? '; it is older than what is applied, and --strict refuses it' : '';
  return { ...BLANK, id: file.id, state: 'pending', next: `bellows up${late}` };
}

/** Between two of its statements: a runner is at it, or it wants a person. */
function stoppedStatus({ file, row }: Reconciled, runner: string | null): MigrationStatus {
  if (row?.state === 'running' && runner !== null)
    return { ...BLANK, id: file.id, state: 'running', next: `it is being run by ${runner}` };
  const at = row?.failure == null ? 'its runner ended' : `line ${row.failure.line}: ${row.failure.message}`;
  const message = `stopped between two of its statements, ${at}`;
  const next = `bellows resolve ${file.id} --continue, --applied or --rolled-back`;
  return {
    ...BLANK,
    id: file.id,
    state: 'pending',
    failed: { code: 'BELLOWS_SQL_UNRESOLVED', message, next },
    waits: [{ cause: 'failed', reason: message, next }],
    next,
  };
}

function standing(id: string, state: string, wait: Wait): MigrationStatus {
  return { ...BLANK, id, state, waits: [wait], next: sentenceOf(wait) };
}

function drift(reason: string, next: string): Wait {
  return { cause: 'drift', reason, next };
}

/** Only where a run is on the way: without one nothing waits, and no file has to be parsed. */
function waitsOfPending({ files }: PlainState, runs: readonly RunRow[]): ReadonlyMap<string, string> {
  const inFlight = runs.flatMap((run) => aheadOfRun(run) ?? []);
  const held: Ahead[] = [];
  const waits = new Map<string, string>();
  for (const { file, state } of inFlight.length === 0 ? [] : files) {
    if (state !== 'pending') continue;
    const wait = readable(() => waitOfPlain(file, [...inFlight.filter(({ id }) => id < file.id), ...held]));
    if (wait === null) continue;
    waits.set(file.id, wait);
    held.push(aheadOfPlain(file));
  }
  return waits;
}

/** A file that the parser refuses is told by `validate` and `up`; the status of the others must not end with it. */
function readable(ask: () => string | null): string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

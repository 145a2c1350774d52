import { type Span, spanValues } from './access.js';
import { FIRST_SWEEP } from './plan-pass.js';
import { type Poison, quarantineRow, SUPPRESSED } from './poison.js';
import { type Moved, type Sent, send, type Walk } from './send.js';
import { type Trouble, troubleOf } from './trouble.js';

/** A row that times out or is locked is tried this often: the server may just have had a bad second. */
const TRIES = 3;
const PAUSE_MS = 100;

/** `null`: all rows were dealt with. Anything else is for the walk to handle. */
export type RowsOutcome = null | Exclude<Sent, { kind: 'moved' }> | { readonly kind: 'interrupted' };

/** The walk's answer to "go on?": false on shutdown and when its time is over. */
export type GoOn = () => boolean;

/**
 * A span that cannot be cut any more, and whose batch failed: halves its rows until those at fault stand alone, puts them
 * aside, moves the rest, then closes the span. Rows that are locked all the time are left to the sweep.
 */
export async function moveByRow(
  walk: Walk,
  span: Span,
  goOn: GoOn,
): Promise<Moved | Exclude<RowsOutcome, null>> {
  const rows = await pendingRows(walk, span);
  if (rows.kind === 'failed') return rows;
  const left = { count: 0 };
  const outcome = await moveRows(walk, span.lo, rows.tids, goOn, left);
  return outcome ?? send(walk, { kind: 'close', span, left: left.count });
}

/** Rows of a batch that a trigger kept in two sweeps: found by halving, and put aside. */
export async function putAsideSuppressed(walk: Walk, span: Span, goOn: GoOn): Promise<RowsOutcome> {
  const rows = await pendingRows(walk, span);
  if (rows.kind === 'failed') return rows;
  return moveRows(walk, span.lo, rows.tids, goOn, { count: 0 });
}

type Pending =
  | { readonly kind: 'read'; readonly tids: readonly string[] }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

async function pendingRows(walk: Walk, span: Span): Promise<Pending> {
  try {
    const rows = await walk.database.transaction(walk.limits, (tx) =>
      tx.query<{ tid: string }>(walk.sql.pending, spanValues(walk.range.access, walk.range.lo, span)),
    );
    return { kind: 'read', tids: rows.map((row) => row.tid) };
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

async function moveRows(
  walk: Walk,
  at: number,
  tids: readonly string[],
  goOn: GoOn,
  left: { count: number },
): Promise<RowsOutcome> {
  if (tids.length === 0) return null;
  if (!goOn()) return { kind: 'interrupted' };
  if (tids.length === 1) return moveRow(walk, at, tids[0] ?? '', goOn, left);
  const sent = await send(walk, { kind: 'rows', at, tids });
  if (sent.kind === 'moved') {
    const again = sent.suppressed > 0 && isLateSweep(walk);
    if (!again) return null;
  } else if (!isRowTrouble(sent)) {
    return sent;
  }
  const middle = Math.ceil(tids.length / 2);
  return (
    (await moveRows(walk, at, tids.slice(0, middle), goOn, left)) ??
    (await moveRows(walk, at, tids.slice(middle), goOn, left))
  );
}

async function moveRow(
  walk: Walk,
  at: number,
  rowTid: string,
  goOn: GoOn,
  left: { count: number },
): Promise<RowsOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const sent = await send(walk, { kind: 'rows', at, tids: [rowTid] });
    if (sent.kind === 'moved') {
      return sent.suppressed > 0 && isLateSweep(walk) ? putAside(walk, at, rowTid, SUPPRESSED) : null;
    }
    if (!isRowTrouble(sent)) return sent;
    const { trouble } = sent;
    if (trouble.kind === 'data')
      return putAside(walk, at, rowTid, { sqlstate: trouble.sqlstate, reason: trouble.name });
    if (attempt === TRIES) {
      if (trouble.kind === 'timeout')
        return putAside(walk, at, rowTid, { sqlstate: trouble.sqlstate, reason: trouble.name });
      left.count += 1;
      return null;
    }
    if (!goOn()) return { kind: 'interrupted' };
    await walk.clock.sleep(PAUSE_MS * attempt, NEVER);
  }
}

const NEVER = new AbortController().signal;

async function putAside(walk: Walk, at: number, rowTid: string, poison: Poison): Promise<RowsOutcome> {
  const result = await quarantineRow(walk, at, rowTid, poison);
  return result.kind === 'done' ? null : result;
}

/** The first sweep only counts such rows: a trigger may have kept a row once for a passing reason. */
function isLateSweep({ range }: Walk): boolean {
  return range.pass > FIRST_SWEEP;
}

type Unsent = Exclude<Sent, { kind: 'moved' }>;
type RowTrouble = { readonly kind: 'failed'; readonly trouble: Trouble };

function isRowTrouble(sent: Unsent): sent is RowTrouble {
  return sent.kind === 'failed' && sent.trouble.kind !== 'connection' && sent.trouble.kind !== 'stop';
}

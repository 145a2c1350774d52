import { fenceValues, type Walk } from './send.js';
import { type Trouble, troubleOf } from './trouble.js';

export interface Poison {
  readonly sqlstate: string;
  /** A class name; never a value of the row. */
  readonly reason: string;
}

export const SUPPRESSED: Poison = { sqlstate: '00000', reason: 'suppressed_by_trigger' };

/** `done`: in quarantine, or the row is not pending any more. */
export type Quarantined =
  | { readonly kind: 'done' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

/**
 * Puts one row into quarantine: entry and marker in one transaction, fenced like a batch.
 *
 * Where the marker cannot be written, because a trigger of the table refuses, keeps or delays every update of this row,
 * the entry alone is written: it excludes the row from the sweeps all the same.
 */
export async function quarantineRow(
  walk: Walk,
  at: number,
  rowTid: string,
  poison: Poison,
): Promise<Quarantined> {
  const marked = walk.sql.quarantineMarked;
  const result = marked === null ? null : await attempt(walk, marked, at, rowTid, poison);
  if (result?.kind === 'fenced' || result?.kind === 'entered') return tell(walk, result, poison);
  if (result?.kind === 'failed' && result.trouble.kind === 'connection') return result;
  return tell(walk, await attempt(walk, walk.sql.quarantineOnly, at, rowTid, poison), poison);
}

type Attempt =
  | { readonly kind: 'entered' | 'absent' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

async function attempt(
  walk: Walk,
  text: string,
  at: number,
  rowTid: string,
  poison: Poison,
): Promise<Attempt> {
  const values = [...fenceValues(walk.range, at, at), rowTid, poison.sqlstate, poison.reason];
  try {
    const rows = await walk.database.transaction(walk.limits, (tx) => tx.query(text, values));
    if (rows[0]?.fenced !== 1) return { kind: 'fenced' };
    return { kind: rows[0]?.found === 1 ? 'entered' : 'absent' };
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

function tell(walk: Walk, result: Attempt, poison: Poison): Quarantined {
  if (result.kind === 'fenced' || result.kind === 'failed') return result;
  if (result.kind === 'entered') {
    walk.emit('rows:quarantined', { migration: walk.migration, rows: 1, sqlstate: poison.sqlstate });
  }
  return { kind: 'done' };
}

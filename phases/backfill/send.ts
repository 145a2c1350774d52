import type { Emit } from '#core/events';
import type { RunPlan } from '#core/plan';
import type { Database, PaceSettings, TransactionLimits } from '#ports';
import { type Span, spanValues } from './access.js';
import type { BatchSql } from './batch.js';
import type { ClaimedRange } from './claim.js';
import type { Clock } from './clock.js';
import { paceOf } from './pace-settings.js';
import { isInside, turnValues } from './strides.js';
import { type Trouble, troubleOf } from './trouble.js';

/** One walker on one range: what every batch of it needs. */
export interface Walk {
  readonly database: Database;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly migration: RunPlan['migration'];
  readonly range: ClaimedRange;
  readonly sql: BatchSql;
  readonly limits: TransactionLimits;
  /** Spans are walked in strides. */
  readonly strided: boolean;
  /** Parts of a span whose strides take turns; 1 where nothing is read ahead. */
  readonly lanes: number;
}

export type Request =
  /** `stay`: the cursor is not moved yet. */
  | { readonly kind: 'span'; readonly span: Span; readonly careful: boolean; readonly stay: boolean }
  /** Single rows of the span at the cursor, which stays where it is. */
  | { readonly kind: 'rows'; readonly at: number; readonly tids: readonly string[] }
  /** Rows of the span as a transform gave them, as parameters. `stay` as above. */
  | {
      readonly kind: 'given';
      readonly span: Span;
      readonly rows: readonly string[];
      readonly careful: boolean;
      readonly stay: boolean;
    }
  /** Only the ledger and the cursor; `left` rows stay behind. */
  | { readonly kind: 'close'; readonly span: Span; readonly left: number };

export interface Moved {
  readonly kind: 'moved';
  readonly rows: number;
  readonly locked: number;
  readonly suppressed: number;
  /** The range ends with this batch. */
  readonly done: boolean;
  /** From sending the statement to the answer of the commit: how long its row locks were held at most. */
  readonly milliseconds: number;
  readonly startedAt: number;
  readonly settings: PaceSettings;
  /** How many live walkers of this run have a lower range: at or over the concurrency, this one is too many. */
  readonly rank: number;
}
export type Sent =
  | Moved
  /** The fence said no; nothing was changed. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

interface ResultRow extends Readonly<Record<string, unknown>> {
  readonly rows: number;
  readonly locked: number;
  readonly suppressed: number;
  readonly done: boolean;
  readonly pace: unknown;
  readonly rank: number;
}

/** Runs one batch in a transaction of its own. Every failure comes back as a value. */
export async function send(walk: Walk, request: Request): Promise<Sent> {
  const { text, values } = statement(walk, request);
  let startedAt = walk.clock.now();
  try {
    const row = await walk.database.transaction(walk.limits, async (tx) => {
      // Deferred constraints would otherwise run within COMMIT, after the time that the batch is bounded by.
      await tx.query('set constraints all immediate');
      startedAt = walk.clock.now();
      return (await tx.query<ResultRow>(text, values))[0];
    });
    return row === undefined ? { kind: 'fenced' } : moved(row, startedAt, walk.clock.now());
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

function moved(row: ResultRow, startedAt: number, now: number): Moved {
  const { rows, locked, suppressed, done, rank, pace } = row;
  return {
    kind: 'moved',
    rows,
    locked,
    suppressed,
    done,
    rank,
    startedAt,
    milliseconds: now - startedAt,
    settings: paceOf(pace),
  };
}

function statement(
  walk: Walk,
  request: Request,
): { readonly text: string; readonly values: readonly unknown[] } {
  const { sql } = walk;
  switch (request.kind) {
    case 'span': {
      const { lo, hi, turn } = request.span;
      const stay = request.stay || isInside(request.span);
      const fence = fenceValues(walk.range, lo, stay ? lo : hi);
      const texts = turn === undefined ? sql : sql.strided;
      const text = (request.careful ? texts?.careful : texts?.direct) ?? '';
      return { text, values: [...fence, ...placeValues(walk, request.span)] };
    }
    case 'rows':
      return { text: sql.rows, values: [...fenceValues(walk.range, request.at, request.at), request.tids] };
    case 'given': {
      const { span, stay, rows, careful } = request;
      const fence = fenceValues(walk.range, span.lo, stay ? span.lo : span.hi);
      const text = (careful ? sql.given?.careful : sql.given?.direct) ?? '';
      const [addresses, ...others] = rows;
      return { text, values: [...fence, addresses, ...keyReached(walk, span), ...others] };
    }
    case 'close':
      return {
        text: sql.close,
        values: [
          ...fenceValues(walk.range, request.span.lo, request.span.hi),
          request.left,
          ...keyReached(walk, request.span),
        ],
      };
  }
}

/** Which rows: of the turn, or of the whole span. */
export function placeValues({ range }: Pick<Walk, 'range'>, span: Span): readonly unknown[] {
  return span.turn === undefined ? spanValues(range.access, range.lo, span) : turnValues(span.turn);
}

function keyReached({ range }: Walk, span: Span): readonly unknown[] {
  return range.access.kind === 'keys' ? [span.keys?.to ?? null] : [];
}

export function fenceValues(range: ClaimedRange, cursor: number, next: number): readonly unknown[] {
  return [range.id, cursor, range.epoch, range.holder, next];
}

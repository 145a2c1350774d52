/** Walks all blocks of all leaves in parallel chunks, and counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { ConditionError } from '#core/errors';
import { displayTable, quoteTable } from '#core/identifier';
import { type BackfillPlan, isCopy } from '#core/plan';
import { classify, sqlstateOf } from '#core/sqlstate';
import type { Catalogue, Database } from '#ports';
import { rowKey } from '../backfill/batch-rows.js';
import { type Leaf, readLeaves } from '../backfill/leaves.js';
import { sourceKey } from '../expand/copied-row.js';
import {
  addCounts,
  type Counts,
  type Judged,
  judgeBlocks,
  judgeRows,
  NO_ROWS,
  type Target,
  type WrongRow,
} from './verify-chunk.js';
import type { Side } from './verify-letter.js';

export interface WalkOptions {
  readonly runId: number;
  readonly side: Side;
  /** Chunks at a time. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Called with the mismatched rows of a chunk; where it is null they are only counted. */
  readonly onWrong: ((target: Target, rows: readonly WrongRow[]) => Promise<void>) | null;
  /** In blocks. */
  readonly onProgress: (done: number, total: number) => void;
}

/** In blocks. A chunk starts at 16 MB and adapts, so that no snapshot is held for much longer than a second. */
const SIZE = { first: 2_048, least: 16, most: 16_384, rowByRow: 256 };
const FAST_MS = 250;
const SLOW_MS = 1_000;
const ATTEMPTS = 5;
const TABLE_LOCK_POLL_MS = 500;
/** Each round looks at what the leaves gained during the one before: less every time. */
const ROUNDS = 5;

interface Piece {
  readonly target: Target;
  readonly lo: number;
  readonly hi: number;
  readonly rowByRow: boolean;
}

interface Covered {
  readonly filenode: number;
  readonly blocks: number;
  readonly counts: Counts;
}

interface Walk {
  readonly database: Database;
  readonly options: WalkOptions;
  readonly pieces: Piece[];
  readonly covered: Map<number, Covered>;
  size: number;
  done: number;
  total: number;
  failed: boolean;
}

/**
 * Counts the rows of one backfill. The upper bound is read again after each round: an update may have moved a row from
 * blocks ahead to the end of the table. A row that moves backwards into space already seen is seen in neither place; it
 * is for the sync trigger, and not for this count, to keep such a row right.
 */
export async function countRows(
  deps: { readonly database: Database; readonly catalogue: Catalogue },
  backfill: BackfillPlan,
  options: WalkOptions,
): Promise<Counts> {
  const walk: Walk = {
    database: deps.database,
    options,
    pieces: [],
    covered: new Map(),
    size: SIZE.first,
    done: 0,
    total: 0,
    failed: false,
  };
  for (let round = 1; await addRound(deps, backfill, walk); round += 1) {
    if (round > ROUNDS) {
      if ([...walk.covered.values()].every((leaf) => leaf.counts !== NO_ROWS)) break;
      throw rewritten(backfill);
    }
    await drain(walk);
  }
  return [...walk.covered.values()].reduce((sum, leaf) => addCounts(sum, leaf.counts), NO_ROWS);
}

/**
 * Plans the blocks that nobody has seen yet; false where there are none. Leaves that are gone lose their counts; so does
 * one with another file node: it was rewritten, its rows may lie anywhere, and it is read again from its first block.
 */
async function addRound(
  { database, catalogue }: { readonly database: Database; readonly catalogue: Catalogue },
  backfill: BackfillPlan,
  walk: Walk,
): Promise<boolean> {
  const { side, runId } = walk.options;
  const ofTarget = side === 'target' && isCopy(backfill);
  const leaves = await readLeaves(database, ofTarget ? backfill.target : backfill.table);
  const aside = await leavesWithQuarantine(database, runId, backfill, leaves, side);
  const here = new Set(leaves.map((leaf) => leaf.oid));
  for (const oid of walk.covered.keys()) if (!here.has(oid)) walk.covered.delete(oid);
  for (const leaf of leaves) {
    const before = walk.covered.get(leaf.oid);
    const known = before !== undefined && before.filenode === leaf.filenode ? before : null;
    const lo = known?.blocks ?? 0;
    walk.covered.set(leaf.oid, {
      filenode: leaf.filenode,
      blocks: Math.max(lo, leaf.blocks),
      counts: known?.counts ?? NO_ROWS,
    });
    if (lo >= leaf.blocks) continue;
    const asideText = aside.has(leaf.oid) ? await inQuarantine(catalogue, runId, backfill, leaf) : 'false';
    walk.pieces.push({
      target: { backfill, side, leaf, aside: asideText },
      lo,
      hi: leaf.blocks,
      rowByRow: false,
    });
    walk.total += leaf.blocks - lo;
  }
  return walk.pieces.length > 0;
}

async function leavesWithQuarantine(
  database: Database,
  runId: number,
  backfill: BackfillPlan,
  leaves: readonly Leaf[],
  side: Side,
): Promise<ReadonlySet<number>> {
  if (side === 'target') return new Set();
  const rows = await database.query(
    `select distinct leaf::bigint as leaf
     from bellows.quarantine
     where run_id = $1
     and backfill = $2
     and state in ('open', 'skipped')`,
    [runId, backfill.index],
  );
  // A key that waits is in quarantine under no leaf.
  if (isCopy(backfill)) return new Set(rows.length === 0 ? [] : leaves.map((leaf) => leaf.oid));
  return new Set(rows.map((row) => Number(row.leaf)));
}

/** As the batch leaves them alone: a row that cannot be marked is put aside by its entry only. */
async function inQuarantine(
  catalogue: Catalogue,
  runId: number,
  backfill: BackfillPlan,
  leaf: Leaf,
): Promise<string> {
  const ofLeaf = isCopy(backfill) ? '' : `\n        and quarantined.leaf = ${leaf.oid}`;
  const key = isCopy(backfill)
    ? sourceKey(backfill, 't')
    : rowKey({ primaryKey: (await catalogue.table(leaf.table))?.primaryKey ?? [] });
  return `exists (
      select from bellows.quarantine as quarantined
      where quarantined.run_id = ${runId}
        and quarantined.backfill = ${backfill.index}${ofLeaf}
        and quarantined.state in ('open', 'skipped')
        and quarantined.row_key = ${key}
    )`;
}

/** All chunks of a round. The first failure lets the others finish their chunk, and is thrown when all have stopped. */
async function drain(walk: Walk): Promise<void> {
  const lanes = Array.from({ length: Math.max(1, walk.options.parallel) }, () => lane(walk));
  const failed = (await Promise.allSettled(lanes)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function lane(walk: Walk): Promise<void> {
  try {
    for (let piece = take(walk); piece !== null && !walk.failed; piece = take(walk)) {
      walk.options.signal.throwIfAborted();
      await judge(walk, piece);
    }
  } catch (error) {
    walk.failed = true;
    throw error;
  }
}

function take(walk: Walk): Piece | null {
  const piece = walk.pieces.shift();
  if (piece === undefined) return null;
  const size = piece.rowByRow ? Math.min(SIZE.rowByRow, walk.size) : walk.size;
  if (piece.hi - piece.lo <= size) return piece;
  walk.pieces.unshift({ ...piece, lo: piece.lo + size });
  return { ...piece, hi: piece.lo + size };
}

async function judge(walk: Walk, piece: Piece): Promise<void> {
  const { target, lo, hi } = piece;
  const started = performance.now();
  const judged = await judgeAgain(walk, piece);
  if (judged === null) return;
  adapt(walk, performance.now() - started);
  const covered = walk.covered.get(target.leaf.oid);
  if (covered === undefined) return;
  walk.covered.set(target.leaf.oid, { ...covered, counts: addCounts(covered.counts, judged.counts) });
  if (judged.wrong.length > 0) await walk.options.onWrong?.(target, judged.wrong);
  walk.done += hi - lo;
  walk.options.onProgress(walk.done, walk.total);
}

function adapt(walk: Walk, ms: number): void {
  if (ms < FAST_MS) walk.size = Math.min(SIZE.most, walk.size * 2);
  if (ms > SLOW_MS) walk.size = Math.max(SIZE.least, Math.floor(walk.size / 2));
}

/** Null: the piece was given back in another form, or its leaf is gone. */
async function judgeAgain(walk: Walk, piece: Piece, attempt = 1): Promise<Judged | null> {
  const { target, lo, hi } = piece;
  const list = walk.options.onWrong !== null;
  try {
    return piece.rowByRow
      ? await judgeRows(walk.database, target, lo, hi, list)
      : await judgeBlocks(walk.database, target, lo, hi, list);
  } catch (error) {
    const { action, sqlstate } = classify(error);
    if (sqlstate === '42P01' && (await isGone(walk.database, target.leaf))) return null;
    if (sqlstate === '57014' && hi - lo > 1) return giveBack(walk, halves(piece));
    // Reading waits for no row: somebody holds the whole table (VACUUM FULL, DDL), and lets go of it some time.
    if (sqlstate === '55P03')
      return waitFor(walk, TABLE_LOCK_POLL_MS, () => judgeAgain(walk, piece, attempt));
    if (!piece.rowByRow && isOfARow(sqlstateOf(error))) return giveBack(walk, [{ ...piece, rowByRow: true }]);
    if ((action !== 'retry' && action !== 'reconnect') || attempt >= ATTEMPTS) throw error;
    return waitFor(walk, 200 * attempt, () => judgeAgain(walk, piece, attempt + 1));
  }
}

async function waitFor<R>({ options }: Walk, ms: number, then: () => Promise<R>): Promise<R> {
  await delay(ms, undefined, { signal: options.signal });
  return then();
}

/** A function may raise any code; these are said by the server about itself, or about the statement as a whole. */
function isOfARow(sqlstate: string | null): boolean {
  return sqlstate !== null && !/^(08|25|28|3D|3F|40|42|53|55|57|58|XX001|XX002)/.test(sqlstate);
}

function giveBack(walk: Walk, pieces: readonly Piece[]): null {
  walk.pieces.unshift(...pieces);
  return null;
}

function halves(piece: Piece): readonly Piece[] {
  const middle = Math.ceil((piece.lo + piece.hi) / 2);
  return [
    { ...piece, hi: middle },
    { ...piece, lo: middle },
  ];
}

async function isGone(database: Database, leaf: Leaf): Promise<boolean> {
  const rows = await database.query('select from pg_catalog.pg_class where oid = $1::oid', [leaf.oid]);
  return rows.length === 0;
}

function rewritten(backfill: BackfillPlan): ConditionError {
  return new ConditionError('BELLOWS_VERIFY_REWRITTEN', {
    what: `${displayTable(backfill.table)} was rewritten while it was verified, ${ROUNDS} times in a row.`,
    why: `VACUUM FULL, CLUSTER or pg_repack moves rows, so that nobody can say which of ${quoteTable(backfill.table)} were seen.`,
    left: 'Nothing was changed; the verification counts as not made.',
    next: 'Let the rewrite end, then: bellows verify <id>',
  });
}

/**
 * Rows moved by each run, from a ledger that grows by a million batches a day: what is older than a minute is added up once and
 * kept. A batch's transaction ends within seconds, so by then no smaller id can appear, and a crash can take nothing back.
 */
import type { Row, Session } from '#ports';

/** Run id -> rows; null while an old ledger is still being added up. */
export type RowCounter = (session: Session) => Promise<ReadonlyMap<string, number> | null>;

interface Chunk extends Row {
  readonly run: string;
  /** Up to this id nothing changes any more. */
  readonly settled: number;
  readonly size: number;
  readonly kept: number;
  readonly fresh: number;
}

const CHUNK = `
with chunk as (
  select id, run_id, rows, committed_at
  from bellows.batches
  where id > $1::float8::bigint
  order by id
  limit $2::int
), edge as (
  select count(*)::int as size,
    coalesce(max(id) filter (where committed_at < clock_timestamp() - interval '1 minute'), $1::float8::bigint) as settled
  from chunk
)
select chunk.run_id::text as run,
  edge.settled::float8 as settled,
  edge.size,
  coalesce(sum(chunk.rows) filter (where chunk.id <= edge.settled), 0)::float8 as kept,
  coalesce(sum(chunk.rows) filter (where chunk.id > edge.settled), 0)::float8 as fresh
from chunk
cross join edge
group by chunk.run_id, edge.settled, edge.size`;

const IS_THERE = 'select exists (select from bellows.batches where id = $1::float8::bigint) as there';

const CHUNK_ROWS = 100_000;
/** Of one reading. What is not done by then is done by the next ones. */
const BUDGET_MS = 500;

export function rowCounter(chunkRows = CHUNK_ROWS, budgetMs = BUDGET_MS): RowCounter {
  let upTo = 0;
  let kept: ReadonlyMap<string, number> = new Map();

  const isBroken = async (session: Session): Promise<boolean> => {
    if (upTo === 0) return false;
    const [row] = await session.query<{ there: boolean }>(IS_THERE, [upTo]);
    return row?.there !== true;
  };

  return async (session) => {
    // A restored backup, or a standby that lacks the end of the ledger, was promoted.
    if (await isBroken(session)) [upTo, kept] = [0, new Map()];
    const deadline = performance.now() + budgetMs;
    do {
      const chunks = await session.query<Chunk>(CHUNK, [upTo, chunkRows]);
      const before = upTo;
      upTo = chunks[0]?.settled ?? upTo;
      kept = plus(kept, chunks, 'kept');
      if ((chunks[0]?.size ?? 0) < chunkRows) return plus(kept, chunks, 'fresh');
      if (upTo === before) return null;
    } while (performance.now() < deadline);
    return null;
  };
}

function plus(
  sums: ReadonlyMap<string, number>,
  chunks: readonly Chunk[],
  part: 'kept' | 'fresh',
): ReadonlyMap<string, number> {
  const sum = new Map(sums);
  for (const chunk of chunks) sum.set(chunk.run, (sum.get(chunk.run) ?? 0) + chunk[part]);
  return sum;
}

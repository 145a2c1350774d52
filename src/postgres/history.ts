import type { Actor, HistoryRow, Row, Session } from '#ports';

const DEFAULT_LIMIT = 100;

export interface Entry {
  readonly actor: Actor;
  readonly migration: string | null;
  readonly runId: number | null;
  readonly action: string;
  readonly detail: Row;
}

/** Adds a row to the append-only history, in the transaction of what it tells about. */
export async function recordEntry(session: Session, entry: Entry): Promise<void> {
  await session.query(
    `insert into bellows.history (actor, migration, run_id, action, detail)
     values ($1, $2, $3, $4, $5)`,
    [entry.actor, entry.migration, entry.runId, entry.action, JSON.stringify(entry.detail)],
  );
}

export interface HistoryFilter {
  readonly migration?: string;
  /** Default: 100. */
  readonly limit?: number;
}

/** The newest rows, newest first. */
export async function readHistory(session: Session, filter: HistoryFilter): Promise<readonly HistoryRow[]> {
  return session.query<HistoryRow & Row>(
    `select at, actor, migration, action, detail
     from bellows.history
     where migration = $1
     or $1::text is null
     order by id desc
     limit $2`,
    [filter.migration ?? null, filter.limit ?? DEFAULT_LIMIT],
  );
}

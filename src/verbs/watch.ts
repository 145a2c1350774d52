/**
 * Looks at the runs now and then, and tells what they wait for: to the listeners, where it has changed, and to the webhooks, each
 * occurrence once, whoever else looks. An observer: what goes wrong here is nothing to the runs.
 */
import { newsOf } from '#core/news';
import type { MigrationStatus } from '#core/status';
import type { Wait } from '#core/waits';
import { createWebhooks, type Webhooks } from '#observe/webhooks';
import type { Context } from './context.js';
import { sleep } from './sleep.js';
import { readAlive } from './status.js';

const EVERY_MS = 3_000;
/** A look at a long ledger is repeated less often, so that it takes no more than a twentieth of the time. */
const SHARE = 20;
const MOST_MS = 30_000;
const FLUSH_MS = 5_000;

export interface Watch {
  /** Looks once more, so that what happened last is told too, and ends. */
  close(): Promise<void>;
}

/** @param report a line for the log of the process */
export function startWatch(context: Context, report: (text: string) => void): Watch {
  const stop = new AbortController();
  const webhooks = createWebhooks({ hooks: context.settings.webhooks, report });
  const said = new Map<string, string>();
  const look = async () => {
    for (const watched of await readAlive(context)) {
      tellWait(context, said, watched.migration);
      await tellNews(context, webhooks, watched);
    }
  };
  const run = async () => {
    while (!stop.signal.aborted) {
      const began = performance.now();
      await look().catch(() => undefined);
      const rest = SHARE * (performance.now() - began);
      await sleep(Math.min(MOST_MS, Math.max(EVERY_MS, rest)), stop.signal);
    }
  };
  const running = run();
  return {
    close: async () => {
      stop.abort();
      await running;
      await look().catch(() => undefined);
      await webhooks.flush(FLUSH_MS);
    },
  };
}

export interface Watched {
  readonly migration: MigrationStatus;
  readonly runId: number;
  /** Of the run: another one with each transition. */
  readonly version: number;
  /** Since its last batch or transition; ISO 8601, the database's clock. */
  readonly still: { readonly seconds: number; readonly since: string };
}

function tellWait(context: Context, said: Map<string, string>, { id, waits }: MigrationStatus): void {
  const [first] = waits;
  const key = first === undefined ? '' : keyOf(first);
  if (said.get(id) === key) return;
  said.set(id, key);
  if (first !== undefined) context.emit('run:waits', { migration: id, ...first });
}

/** What only counts up is no news. */
function keyOf({ cause, reason }: Wait): string {
  return cause === 'throttle' || cause === 'quarantine'
    ? `${cause} ${reason.replaceAll(/\d+/g, '#')}`
    : `${cause} ${reason}`;
}

async function tellNews(context: Context, webhooks: Webhooks, watched: Watched): Promise<void> {
  const { migration, runId, version, still } = watched;
  const news = newsOf(migration, still.seconds);
  if (news === null || !webhooks.wants(news.event)) return;
  // A state is entered once for each version; within one state a walk may stand still more than once.
  const occurrence = news.event === 'stalled' ? `${version} ${still.since}` : String(version);
  if (await isFirst(context, runId, news.event, occurrence))
    webhooks.tell(news.event, migration.id, news.text);
}

/** Claimed before it is sent: of two processes that see the same one tells it. */
async function isFirst(
  { database }: Context,
  runId: number,
  event: string,
  occurrence: string,
): Promise<boolean> {
  const rows = await database.query(
    `insert into bellows.told (run_id, event, occurrence)
     values ($1, $2, $3)
     on conflict do nothing
     returning run_id`,
    [runId, event, occurrence],
  );
  return rows.length === 1;
}

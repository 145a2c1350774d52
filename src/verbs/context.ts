import type { Blocker, Emit, Listener } from '#core/events';
import type {
  Catalogue,
  Database,
  DatabaseServer,
  DdlExecutor,
  JobQueue,
  Lease,
  PaceSettings,
  RunStore,
  ThrottleSettings,
} from '#ports';
import type { ThrottleConfig } from '#project/config';
import type { Project } from '#project/project';
import type { Settings } from '#project/settings';

/** What every verb works with; opened once for a process. */
export interface Context {
  readonly settings: Settings;
  readonly database: Database;
  readonly server: DatabaseServer;
  readonly store: RunStore;
  readonly lease: Lease;
  /** The right to run plain SQL migrations: one for each who wants it, so that two calls in a process wait for each other. */
  readonly plainLease: () => Lease;
  /** The sessions that a backend waits for. */
  readonly blockersOf: (pid: number) => Promise<readonly Blocker[]>;
  readonly ddl: DdlExecutor;
  readonly catalogue: Catalogue;
  readonly emit: Emit;
  /** Adds a listener: the metrics of a process that serves them. */
  readonly listen: (listener: Listener) => void;
  /** How this process is named in the history. */
  readonly actor: string;
  readonly version: string;
  /** Opened at first use: most verbs need no queue. */
  readonly queue: () => Promise<JobQueue>;
  /** The migrations folder, at most a few seconds old. */
  readonly project: () => Promise<Project>;
  /** The same without PostgreSQL's parser: for who looks at names and checksums, and at no definition and no statement. */
  readonly folder: () => Promise<Project>;
  /** Ends a session of the server; throws, in words, where there is none or it may not be ended. */
  readonly endSession: (pid: number) => Promise<void>;
  /** Creates or upgrades schema `bellows`; once a process. `meanwhile` is called where the server has to work for it. */
  readonly install: (meanwhile?: () => void) => Promise<void>;
  /** Ends every connection of this process, the queue's too; the next verb opens new ones. */
  readonly disconnect: () => Promise<void>;
}

/** What a run begins with; `own` is the backfill window of its file, which wins. */
export function paceFrom(settings: Settings, own: readonly string[] | undefined): PaceSettings {
  const { backfill, window } = settings;
  const auto = backfill.concurrency === 'auto';
  const hours = own ?? window.backfill;
  return {
    ...(backfill.concurrency === 'auto' ? { concurrency: 1, auto } : { concurrency: backfill.concurrency }),
    targetMs: backfill.batchTargetMs,
    rowsPerSecond: backfill.rowsPerSecond,
    vacuum: backfill.vacuum,
    throttle: { ...signalsOf(settings.throttle), ...(hours.length === 0 ? {} : { window: { hours } }) },
  };
}

/** Each query is a signal of its own, called `query:<name>`. */
function signalsOf({ query = {}, ...others }: ThrottleConfig): ThrottleSettings {
  const queries = Object.entries(query).map(([name, declared]) => [`query:${name}`, declared] as const);
  const entries = [...Object.entries(others), ...queries].flatMap(([id, said]) =>
    said === undefined ? [] : [[id, said === false ? said : defined(said)] as const],
  );
  return Object.fromEntries(entries);
}

type Said = Exclude<ThrottleSettings[string], false>;

function defined(said: Readonly<Record<string, Said[string] | undefined>>): Said {
  return Object.fromEntries(
    Object.entries(said).filter((entry): entry is [string, Said[string]] => entry[1] !== undefined),
  );
}

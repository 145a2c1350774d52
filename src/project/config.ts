/** What a `bellows.config.ts` may say. Every key may be left out. */

export interface EnvironmentConfig {
  /** As `databaseUrl` at the top; wins over it. */
  readonly databaseUrl?: string | undefined;
  /** As `queueUrl` at the top; wins over it. */
  readonly queueUrl?: string | undefined;
  /**
   * `'full'` (default): contract waits for every check. `'data-only'`: soak, deploys and approval are waived and only the
   * data checks hold, so that `up` goes through to `done`; for development and CI.
   */
  readonly gate?: 'full' | 'data-only' | undefined;
  /** Whether contract needs `bellows approve`. Default true with the gate `'full'`, and false with `'data-only'`. */
  readonly approval?: boolean | undefined;
  /**
   * Whether this is production: then `up` creates no database and writes no schema file, and `drop` and `reset` want the
   * name of the database. Default: true for an environment called `production` or `prod`.
   */
  readonly production?: boolean | undefined;
}

export interface ChecksConfig {
  /**
   * The folder of the project's own checks: `.sql` files of SELECTs that return `issue, count`. Default: `checks/` beside the
   * configuration file, or beside the migrations where they are in `db/migrations/`.
   */
  readonly folder?: string | undefined;
  /** How long each statement may take: `30s`, `10m`. What is not answered by then is unknown, never a pass. Default `60s`. */
  readonly timeout?: string | undefined;
  /** From which share of an integer's range on it is a finding, in percent, 1 to 100. Default 70. */
  readonly integerPercent?: number | undefined;
  /** Foreign keys that are to be declared later. */
  readonly foreignKeys?:
    | readonly {
        readonly table: string;
        readonly columns: readonly string[];
        readonly references: string;
        /** Default `['id']`. */
        readonly referencedColumns?: readonly string[] | undefined;
      }[]
    | undefined;
  /** Keys that are to become unique later. */
  readonly unique?: readonly { readonly table: string; readonly columns: readonly string[] }[] | undefined;
  /** Columns that are to become NOT NULL later. */
  readonly notNull?: readonly { readonly table: string; readonly column: string }[] | undefined;
}

export interface BellowsConfig {
  /**
   * The database, as `postgres://user:password@host:5432/name`; parameters (`?sslmode=verify-full`) as libpq knows them.
   * Default: the environment variable `DATABASE_URL`, from the environment, `.env.<env>` or `.env`.
   */
  readonly databaseUrl?: string | undefined;
  /**
   * The queue that wakes the workers: `redis://…`, `rediss://…`, or `postgres://…` for the queue inside PostgreSQL (a
   * direct connection, not through a transaction pooler). Default: the environment variable `REDIS_URL`; without it,
   * the queue inside the migrated database.
   */
  readonly queueUrl?: string | undefined;
  /**
   * The folder of the migrations, or several, relative to the configuration file. Default: `DBMATE_MIGRATIONS_DIR`; without
   * it `migrations/`, or `db/migrations/` where there is one and no `migrations/`.
   */
  readonly migrations?: string | readonly string[] | undefined;
  /**
   * dbmate's table of applied versions, `table` or `schema.table`. Default: `DBMATE_MIGRATIONS_TABLE`; without it
   * `schema_migrations`, in the first schema of the URL's `search_path`, else in `public`.
   */
  readonly migrationsTable?: string | undefined;
  /**
   * The dump of the schema, relative to the configuration file. Default: `DBMATE_SCHEMA_FILE`; without it `schema.sql`
   * beside the migrations folder.
   */
  readonly schemaFile?: string | undefined;
  /** Whether `up` and `rollback` write `schemaFile`. Default true, unless `DBMATE_NO_DUMP_SCHEMA` is set; never in production. */
  readonly dumpSchema?: boolean | undefined;
  /** Refuses a pending migration that is older than one that was applied. Default: `DBMATE_STRICT`; without it false. */
  readonly strict?: boolean | undefined;
  /**
   * The folder of the seeds, relative to the configuration file: `<env>.sql`, `<env>.ts`, or a folder `<env>/`. Default:
   * `seeds/` beside the configuration file, or beside the migrations where they are in `db/migrations/`.
   */
  readonly seeds?: string | undefined;
  /** The data checks of `bellows check`. */
  readonly checks?: ChecksConfig | undefined;
  /** Settings by environment; `--env X` or `BELLOWS_ENV` chooses one. Without either it is the one called `default`, if it is there. */
  readonly environments?: { readonly [environment: string]: EnvironmentConfig } | undefined;
  /** How fast backfills go; a run keeps what it began with. */
  readonly backfill?:
    | {
        /** Batches in flight at a time, over all workers; `'auto'`: as many as the server bears, up to 4. Default 1. */
        readonly concurrency?: number | 'auto' | undefined;
        /** The duration, in milliseconds, that the size of a batch is steered to. Default 100; at most 500. */
        readonly batchTargetMs?: number | undefined;
        /** Rows per second over all workers. Default `null`: no limit but the throttle signals. */
        readonly rowsPerSecond?: number | null | undefined;
        /** Parts of a table that a verification reads at a time, each on a connection of its own. Default 2; at most 8. */
        readonly verifyParallel?: number | undefined;
        /** Vacuum the table as the walk goes, so that its dead rows are reused. Default true. */
        readonly vacuum?: boolean | undefined;
      }
    | undefined;
  /** What may slow or hold a backfill; a run keeps what it began with, and `bellows set` changes it. */
  readonly throttle?: ThrottleConfig | undefined;
  /** When expand and contract may begin (`ddl`), and when backfills may run. Default: always. A migration's own wins. */
  readonly window?:
    | { readonly ddl?: WindowConfig | undefined; readonly backfill?: WindowConfig | undefined }
    | undefined;
  /** Limits of the DDL that blocks the application. */
  readonly ddl?:
    | {
        /** How long the application may wait for one attempt, lock wait and statement together, in milliseconds. Default 500. */
        readonly stallMs?: number | undefined;
        /** How long attempts are repeated before the step is given up: `90s`, `10m`, `2h`. Default `10m`. */
        readonly deadline?: string | undefined;
      }
    | undefined;
  /** Plain SQL migrations. */
  readonly sql?:
    | {
        /** `lock_timeout` of their transactions, in milliseconds: how long others may wait behind one. Default 5000. */
        readonly lockTimeoutMs?: number | undefined;
        /** How long a transaction whose locks did not come is tried again: `90s`, `10m`. Default `10m`. */
        readonly deadline?: string | undefined;
      }
    | undefined;
  /** Where the long-running processes listen. */
  readonly http?:
    | {
        /** Address of metrics and health. Default `127.0.0.1`; `0.0.0.0` means every interface. */
        readonly host?: string | undefined;
        /** Metrics and health of `bellows serve`. Default 9484; 0 takes any free port. */
        readonly metricsPort?: number | undefined;
        /** Metrics and health of `bellows worker`. Default 9485; 0 takes any free port. */
        readonly workerMetricsPort?: number | undefined;
        /** Address of the web page and the API of `bellows serve`. Default `127.0.0.1`; any other needs a token. */
        readonly pageHost?: string | undefined;
        /** Default 8484; 0 takes any free port. */
        readonly pagePort?: number | undefined;
        /** Whoever has it may look. Default: the variable `BELLOWS_READ_TOKEN`; without both tokens, whoever is on this machine. */
        readonly readToken?: string | undefined;
        /** Whoever has it may look and act: pause, approve, contract, … Default: the variable `BELLOWS_WRITE_TOKEN`. */
        readonly writeToken?: string | undefined;
      }
    | undefined;
  /** Who is told elsewhere: once for each occurrence, by `serve` and `up`. Default: nobody. */
  readonly webhooks?:
    | readonly {
        /** Slack-compatible: takes `{ "text": … }` by POST. `https:`, or `http:` on this machine. A secret; it is never logged. */
        readonly url: string;
        /**
         * `gate`: it waits for your approval. `stalled`: nothing moved for 10 minutes, and nothing holds it on purpose.
         * `failed`, `done`. Default: all four.
         */
        readonly events?: readonly ('gate' | 'stalled' | 'failed' | 'done')[] | undefined;
      }[]
    | undefined;
  /** The least important lines that are logged. Default `'info'`; `'silent'` logs nothing. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | undefined;
}

/**
 * What may hold a backfill, by signal: its limits, or `false` to leave it unread. What is not named has its defaults
 * (docs/operations.md, "The pace"). A signal that is named here and cannot be read stops the backfill.
 */
export interface ThrottleConfig {
  /** Standbys that stream, the worst of them. Default `{ slowSeconds: 2, seconds: 5, megabytes: 256 }`. */
  readonly replication_lag?: Limits<'slowSeconds' | 'seconds' | 'megabytes'>;
  /** Standbys that must stream, by their `application_name`. Default: none is asked for. */
  readonly standby_missing?: false | { readonly names: readonly string[] } | undefined;
  /** WAL kept by a slot, and segments that wait to be archived. Default `{ gigabytes: 10, segments: 42 }`. */
  readonly wal_backlog?: Limits<'gigabytes' | 'segments'>;
  /** Sessions that wait for a lock of Bellows. Default `{ sessions: 5, seconds: 1 }`. */
  readonly lock_waiters?: Limits<'sessions' | 'seconds'>;
  /** Off unless named. `{ sessions: 0 }`: twice of what was active at the start, at least 10. */
  readonly active_sessions?: Limits<'sessions'>;
  /** Connections in use, of those that are not reserved. Default `{ slowPercent: 80, percent: 90 }`. */
  readonly connections?: Limits<'slowPercent' | 'percent'>;
  /** Age of the oldest snapshot that keeps dead rows. Default `{ slowMinutes: 5, minutes: 30 }`. */
  readonly vacuum_horizon?: Limits<'slowMinutes' | 'minutes'>;
  /** Dead rows of the table, once there are `rows` of them. Default `{ percent: 20, rows: 10_000 }`. */
  readonly dead_tuples?: Limits<'percent' | 'rows'>;
  /** A vacuum at work on the table slows; `holdMinutes` of each it holds. Default `{ holdMinutes: 0 }`. */
  readonly autovacuum?: Limits<'holdMinutes'>;
  /** Off unless named: the time that the commit of one row takes. `{ slowMilliseconds: 50, milliseconds: 200 }`. */
  readonly commit_latency?: Limits<'slowMilliseconds' | 'milliseconds'>;
  /** The breaker: so many failed batches in a row hold for so long. Default `{ failures: 20, restSeconds: 30 }`. */
  readonly errors?: Limits<'failures' | 'restSeconds'>;
  /** Queries of your own that give a number; at `limit` it holds, from `slow` on it slows (default 0.7 of it). */
  readonly query?:
    | {
        readonly [name: string]: {
          readonly sql: string;
          readonly limit: number;
          /** Default: 0.7 of the limit. */
          readonly slow?: number | undefined;
        };
      }
    | undefined;
  /** An address that answers 2xx while the backfill may go: https, or http on this machine. `timeoutSeconds` is 2. */
  readonly http?: false | { readonly url: string; readonly timeoutSeconds?: number | undefined } | undefined;
}
type Limits<L extends string> = false | { readonly [limit in L]?: number | undefined } | undefined;

/** `'22:00-06:00'`, `'mon-fri 22:00-06:00 Europe/Berlin'`, `'sat,sun'`, or several; days are those on which it opens. */
export type WindowConfig = string | readonly string[];

/** Environment variables, those of `.env` files included; what is really set wins over a file. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The configuration, or a function that makes it from the variables: those of `.env` files are not in `process.env`. */
export type BellowsConfigSource =
  | BellowsConfig
  | ((variables: Variables) => BellowsConfig | Promise<BellowsConfig>);

/**
 * Declares the configuration; the default export of `bellows.config.ts`.
 *
 * @example export default defineConfig({ environments: { development: { gate: 'data-only' } } });
 * @example export default defineConfig((env) => ({ environments: { production: { databaseUrl: env.PROD_URL } } }));
 */
export function defineConfig<const C extends BellowsConfigSource>(config: C): C {
  return config;
}

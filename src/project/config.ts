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
        /** Batches in flight at a time, over all workers. Default 1. */
        readonly concurrency?: number | undefined;
        /** The duration, in milliseconds, that the size of a batch is steered to. Default 100; at most 500. */
        readonly batchTargetMs?: number | undefined;
        /** Rows per second over all workers. Default `null`: no limit but the throttle signals. */
        readonly rowsPerSecond?: number | null | undefined;
        /** Parts of a table that a verification reads at a time, each on a connection of its own. Default 2; at most 8. */
        readonly verifyParallel?: number | undefined;
      }
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

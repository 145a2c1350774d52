import { resolve } from 'node:path';
import { durationMs } from '#core/duration';
import type { NewsEvent } from '#core/news';
import { type CheckSettings, checkSettings } from './check-settings.js';
import type { BellowsConfig, EnvironmentConfig, ThrottleConfig, Variables } from './config.js';
import { type ConfigFile, readConfigFile } from './config-file.js';
import { CONFIG_SCHEMA, DATABASE_URL_SCHEMA, QUEUE_URL_SCHEMA, TABLE_SCHEMA } from './config-schema.js';
import { readDbmateVariables } from './dbmate-variables.js';
import {
  environmentProblems,
  environmentsOfFiles,
  isProduction,
  unknownEnvironment,
} from './environments.js';
import { SettingsError } from './errors.js';
import { migrationsTable } from './migrations-table.js';
import { projectFiles } from './paths.js';
import { isRecord, kindOf, type Problem, problem, schemaProblems } from './problems.js';
import { given, httpOf, present, sqlOf, waitOf, webhooksOf, windowsOf } from './sections.js';
import type { Sources } from './sources.js';
import { commonVariables, readVariables, type VariableFiles } from './variables.js';

/** The configuration, complete: every default filled in, every path absolute. */
export interface Settings {
  readonly cwd: string;
  /** Absolute; `null`: there is no configuration file. */
  readonly configFile: string | null;
  /** `default` where none was chosen. */
  readonly environment: string;
  readonly databaseUrl: string;
  /** `null`: the queue inside the migrated database. */
  readonly queueUrl: string | null;
  /** Absolute folders, whether or not they are there. */
  readonly migrations: readonly string[];
  /** `table`, or `schema.table`; without a schema it is in `public`. */
  readonly migrationsTable: string;
  /** Absolute, whether or not it is there. */
  readonly schemaFile: string;
  /** Whether `up` and `rollback` write `schemaFile`; false in production. */
  readonly dumpSchema: boolean;
  /** Whether a pending migration older than an applied one is refused. */
  readonly strict: boolean;
  /** Absolute, whether or not it is there. */
  readonly seeds: string;
  readonly checks: CheckSettings;
  readonly production: boolean;
  readonly wait: {
    /** Before every command, as with `--wait`. */
    readonly always: boolean;
    readonly timeoutMs: number;
    readonly intervalMs: number;
  };
  readonly gate: 'full' | 'data-only';
  /** Whether contract needs an approval. */
  readonly approval: boolean;
  readonly backfill: {
    readonly concurrency: number | 'auto';
    readonly batchTargetMs: number;
    readonly rowsPerSecond: number | null;
    readonly verifyParallel: number;
    readonly vacuum: boolean;
  };
  readonly throttle: ThrottleConfig;
  /** Empty: always. */
  readonly window: { readonly ddl: readonly string[]; readonly backfill: readonly string[] };
  readonly ddl: { readonly stallMs: number; readonly deadlineMs: number };
  readonly sql: { readonly lockTimeoutMs: number; readonly deadlineMs: number };
  readonly http: {
    readonly host: string;
    readonly metricsPort: number;
    readonly workerMetricsPort: number;
    readonly pageHost: string;
    readonly pagePort: number;
    readonly readToken: string | null;
    readonly writeToken: string | null;
  };
  readonly webhooks: readonly { readonly url: string; readonly events: readonly NewsEvent[] }[];
  readonly logLevel: NonNullable<BellowsConfig['logLevel']>;
}

/** For what needs the files and no database. */
export type OfflineSettings = Omit<Settings, 'databaseUrl'> & { readonly databaseUrl: string | null };

export interface SettingsOptions {
  readonly cwd: string;
  /** As `--env` gives it. Default: `BELLOWS_ENV`, from the environment or `.env`; without it `default`. */
  readonly env?: string | undefined;
  /** The environment where none is chosen, if the project knows it. */
  readonly fallbackEnv?: string | undefined;
  /** As `--env-file` gives them: read instead of `.env.<env>` and `.env`; of two that set a variable, the first wins. */
  readonly envFiles?: readonly string[] | undefined;
  /** What was said on the command line: wins over everything. */
  readonly overrides?: Omit<BellowsConfig, 'environments'>;
  /** Default: `process.env`. */
  readonly variables?: Variables;
}

/**
 * Reads the configuration: command line, then the environment's entry, then the top of `bellows.config.ts`, then
 * variables (`DATABASE_URL`, `REDIS_URL`, `BELLOWS_READ_TOKEN`, `BELLOWS_WRITE_TOKEN`, dbmate's; real ones before
 * `.env.<env>` before `.env`).
 *
 * @throws SettingsError with everything that is wrong; FileError for a configuration file that cannot be loaded
 */
export async function loadSettings(options: SettingsOptions): Promise<Settings> {
  const { settings, problems, where } = await read(options);
  const { databaseUrl } = settings;
  const missing = databaseUrl === null && !problems.some(({ path }) => path.endsWith('databaseUrl'));
  const all = missing ? [...problems, noDatabase(settings.environment)] : problems;
  if (databaseUrl === null || all.length > 0) throw new SettingsError(all, where);
  return { ...settings, databaseUrl };
}

/** As `loadSettings`, and a missing `databaseUrl` is no error. */
export async function loadOfflineSettings(options: SettingsOptions): Promise<OfflineSettings> {
  const { settings, problems, where } = await read(options);
  if (problems.length > 0) throw new SettingsError(problems, where);
  return settings;
}

interface Read {
  /** Of the environment: that the project has it. */
  readonly known: boolean;
  readonly settings: OfflineSettings;
  readonly problems: readonly Problem[];
  readonly where: string;
}

async function read(options: SettingsOptions): Promise<Read> {
  const cwd = resolve(options.cwd);
  const files: VariableFiles = { cwd, named: options.envFiles?.length ? options.envFiles : undefined };
  const real = options.variables ?? process.env;
  const environment =
    given(options.env) ?? given(real.BELLOWS_ENV) ?? given((await commonVariables(files)).BELLOWS_ENV);
  if (environment !== undefined) return readAs(environment, options, files);
  const { fallbackEnv } = options;
  if (fallbackEnv === undefined || !ENVIRONMENT_NAME.test(fallbackEnv))
    return readAs('default', options, files);
  const fallback = await readAs(fallbackEnv, options, files);
  return fallback.known ? fallback : readAs('default', options, files);
}

const ENVIRONMENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

async function readAs(environment: string, options: SettingsOptions, files: VariableFiles): Promise<Read> {
  const { cwd } = files;
  if (!ENVIRONMENT_NAME.test(environment)) throw badEnvironmentName();
  const variables = await readVariables(files, environment, options.variables ?? process.env);
  const file = await readConfigFile(cwd, variables);
  const overrides = options.overrides ?? {};
  const named = files.named === undefined ? await environmentsOfFiles(cwd) : [];
  const { config, problems } = checked({ file, environment, variables, overrides, named });
  const { dbmate, problems: dbmateProblems } = readDbmateVariables(variables);
  const settings = await completed({ cwd, file, environment, variables, dbmate, config, overrides });
  return {
    known: unknownEnvironment(config, environment, named).length === 0,
    settings,
    problems: [...problems, ...dbmateProblems],
    where: placesRead(file, environment, files.named),
  };
}

interface Checked {
  /** `{}` where it cannot be used at all: its problems are then what is shown. */
  readonly config: BellowsConfig;
  readonly problems: readonly Problem[];
}

interface Unchecked {
  readonly file: ConfigFile;
  readonly environment: string;
  readonly variables: Variables;
  readonly overrides: BellowsConfig;
  /** Environments that have a file of their own. */
  readonly named: readonly string[];
}

function checked({ file, environment, variables, overrides, named }: Unchecked): Checked {
  if (!isRecord(file.content) || Array.isArray(file.content)) {
    return {
      config: {},
      problems: [
        problem('', `the default export must be an object or a function, not ${kindOf(file.content)}`),
      ],
    };
  }
  const shape = schemaProblems(CONFIG_SCHEMA, file.content);
  const config: BellowsConfig = shape.length === 0 ? file.content : {};
  const problems = [
    ...file.shadowed.map((name) => problem('', `there is also a ${name}: keep one of them`)),
    ...shape,
    ...schemaProblems(CONFIG_SCHEMA, overrides, '(command line)'),
    ...schemaProblems(DATABASE_URL_SCHEMA.optional(), given(variables.DATABASE_URL), 'DATABASE_URL'),
    ...schemaProblems(QUEUE_URL_SCHEMA.optional(), given(variables.REDIS_URL), 'REDIS_URL'),
    ...schemaProblems(
      TABLE_SCHEMA.optional(),
      given(variables.DBMATE_MIGRATIONS_TABLE),
      'DBMATE_MIGRATIONS_TABLE',
    ),
    ...(shape.length === 0 ? environmentProblems(config, environment, named) : []),
  ];
  return { config, problems };
}

async function completed(sources: Sources): Promise<OfflineSettings> {
  const { cwd, file, environment, variables, dbmate, config, overrides } = sources;
  const own: EnvironmentConfig = config.environments?.[environment] ?? {};
  const gate = own.gate ?? 'full';
  const ddl = { ...config.ddl, ...present(overrides.ddl) };
  const databaseUrl =
    overrides.databaseUrl ?? own.databaseUrl ?? config.databaseUrl ?? given(variables.DATABASE_URL) ?? null;
  const files = await projectFiles(sources);
  const production = isProduction(environment, config);
  return {
    cwd,
    configFile: file.path,
    environment,
    databaseUrl,
    queueUrl: overrides.queueUrl ?? own.queueUrl ?? config.queueUrl ?? given(variables.REDIS_URL) ?? null,
    ...files,
    checks: checkSettings(sources, files.migrations),
    migrationsTable: migrationsTable(
      overrides.migrationsTable ?? config.migrationsTable ?? dbmate.migrationsTable,
      databaseUrl,
    ),
    dumpSchema: !production && (overrides.dumpSchema ?? config.dumpSchema ?? dbmate.noDumpSchema !== true),
    strict: overrides.strict ?? config.strict ?? dbmate.strict ?? false,
    production,
    wait: waitOf(dbmate),
    gate,
    approval: own.approval ?? gate === 'full',
    backfill: {
      ...{ concurrency: 1, batchTargetMs: 100, rowsPerSecond: null, verifyParallel: 2, vacuum: true },
      ...present(config.backfill),
      ...present(overrides.backfill),
    },
    throttle: { ...config.throttle, ...overrides.throttle },
    window: windowsOf({ ...config.window, ...overrides.window }),
    ddl: { stallMs: ddl.stallMs ?? 500, deadlineMs: durationMs(ddl.deadline ?? '10m') ?? 600_000 },
    sql: sqlOf(sources),
    http: httpOf(sources),
    webhooks: webhooksOf(overrides.webhooks ?? config.webhooks ?? []),
    logLevel: overrides.logLevel ?? config.logLevel ?? 'info',
  };
}

function placesRead(file: ConfigFile, environment: string, named: readonly string[] | undefined): string {
  const config = file.path === null ? 'no bellows.config.ts (there is none in this folder)' : file.path;
  return `${config}, the environment variables, ${named?.join(', ') ?? `.env.${environment} and .env`}`;
}

function noDatabase(environment: string): Problem {
  const key = environment === 'default' ? 'databaseUrl' : `environments.${environment}.databaseUrl`;
  return problem(
    'databaseUrl',
    `is missing; say it in one of three ways: the environment variable DATABASE_URL, a line DATABASE_URL=… in .env or .env.${environment}, or ${key} in bellows.config.ts`,
  );
}

function badEnvironmentName(): SettingsError {
  const message = 'the name of an environment is made of letters, digits, "-" and "_"';
  return new SettingsError([problem('--env', message)], '--env, or the variable BELLOWS_ENV');
}

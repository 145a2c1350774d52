import { z } from 'zod';
import { durationMs } from '#core/duration';
import { NEWS } from '#core/news';
import { parseWindow } from '#core/window';
import type { BellowsConfig } from './config.js';

const optional = <S extends z.ZodType>(schema: S) => schema.optional();

/** No message repeats the value: a URL holds a password. */
function url(protocols: readonly string[], example: string) {
  const parses = (text: string) => URL.canParse(text) && protocols.includes(new URL(text).protocol);
  const message = `must be a URL such as ${example}; in the password, characters like @ : / # ? must be percent-encoded`;
  return z.string().refine(parses, { error: message });
}

const POSTGRES = ['postgres:', 'postgresql:'];
const databaseUrl = url(POSTGRES, 'postgres://user:password@host:5432/name');
const queueUrl = url(['redis:', 'rediss:', ...POSTGRES], 'redis://host:6379 (or rediss://, postgres://)');

function whole(least: number, most: number) {
  const fits = (value: number) => Number.isInteger(value) && value >= least && value <= most;
  return z.number().refine(fits, { error: `must be a whole number from ${least} to ${most}` });
}
const port = whole(0, 65_535);
const concurrency = z.custom<number | 'auto'>(
  (value) => value === 'auto' || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 64),
  { error: "must be a whole number from 1 to 64, or 'auto'" },
);

/** The message does not repeat it. */
const token = z
  .string()
  .min(16, 'must have at least 16 characters, such as `openssl rand -hex 24` makes them');

/** What it is told of is nobody's business on the way; the message does not repeat the URL, which is a secret. */
const webhook = z.strictObject({
  url: z.string().refine(isPrivateUrl, { error: 'must be a URL with https:, or with http: on this machine' }),
  events: optional(z.array(z.enum(NEWS)).min(1, 'must name an event')),
});

function isPrivateUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\..*|\[::1\])$/.test(hostname));
}

const deadline = z.string().refine((text) => (durationMs(text) ?? 0) > 0, {
  error: 'must be a duration such as "90s", "10m" or "2h"',
});

const window = z.string().refine((text) => parseWindow(text) !== null, {
  error: 'must be a window such as "mon-fri 22:00-06:00 Europe/Berlin"',
});
const windows = z.union([window, z.array(window).min(1)]);

const limit = z.number().refine((value) => Number.isFinite(value) && value >= 0, {
  error: 'must be a number from 0',
});
function limits(...names: readonly string[]) {
  const shape = z.strictObject(Object.fromEntries(names.map((name) => [name, optional(limit)])));
  return optional(z.union([z.literal(false), shape], { error: 'must be false, or an object of limits' }));
}

/** The user's own check must be an address of this machine, or one that cannot be listened to on the way. */
const httpUrl = z.string().refine(
  (text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname, username, password } = new URL(text);
    const here = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
    return username + password === '' && (protocol === 'https:' || (protocol === 'http:' && here));
  },
  { error: 'must be an https:// address without a password, or http:// on this machine' },
);

const throttle = z.strictObject({
  replication_lag: limits('slowSeconds', 'seconds', 'megabytes'),
  standby_missing: optional(
    z.union([z.literal(false), z.strictObject({ names: z.array(z.string().min(1)).min(1) })], {
      error: "must be false, or { names: ['standby1'] }",
    }),
  ),
  wal_backlog: limits('gigabytes', 'segments'),
  lock_waiters: limits('sessions', 'seconds'),
  active_sessions: limits('sessions'),
  connections: limits('slowPercent', 'percent'),
  vacuum_horizon: limits('slowMinutes', 'minutes'),
  dead_tuples: limits('percent', 'rows'),
  autovacuum: limits('holdMinutes'),
  commit_latency: limits('slowMilliseconds', 'milliseconds'),
  errors: limits('failures', 'restSeconds'),
  query: optional(
    z.record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower case letters, digits and "_"'),
      z.strictObject({ sql: z.string().trim().min(1, 'must be a query'), limit, slow: optional(limit) }),
    ),
  ),
  http: optional(
    z.union([z.literal(false), z.strictObject({ url: httpUrl, timeoutSeconds: optional(limit) })], {
      error:
        "must be false, or { url: 'https://…' }: an https:// address without a password, or http:// on this machine",
    }),
  ),
});

const folder = z.string().refine((text) => text.trim() !== '', { error: 'must name a folder' });

const table = z.string().refine((text) => /^[^.]+(\.[^.]+)?$/.test(text), {
  error: 'must be the name of a table, or schema.table',
});

const environment = z.strictObject({
  databaseUrl: optional(databaseUrl),
  queueUrl: optional(queueUrl),
  gate: optional(z.enum(['full', 'data-only'])),
  approval: optional(z.boolean()),
  production: optional(z.boolean()),
});

const name = z.string().min(1, 'must be a name');
const names = z.array(name).min(1, 'must name a column');

const checks = z.strictObject({
  folder: optional(folder),
  timeout: optional(deadline),
  integerPercent: optional(whole(1, 100)),
  foreignKeys: optional(
    z.array(
      z
        .strictObject({ table, columns: names, references: table, referencedColumns: optional(names) })
        .refine(({ columns, referencedColumns = ['id'] }) => columns.length === referencedColumns.length, {
          error: 'must name as many referencedColumns as columns',
        }),
    ),
  ),
  unique: optional(z.array(z.strictObject({ table, columns: names }))),
  notNull: optional(z.array(z.strictObject({ table, column: name }))),
});

export const CONFIG_SCHEMA = z.strictObject({
  databaseUrl: optional(databaseUrl),
  queueUrl: optional(queueUrl),
  migrations: optional(
    z.union([folder, z.array(folder).min(1)], { error: 'must be the name of a folder, or a list of them' }),
  ),
  migrationsTable: optional(table),
  schemaFile: optional(z.string().refine((text) => text.trim() !== '', { error: 'must name a file' })),
  dumpSchema: optional(z.boolean()),
  strict: optional(z.boolean()),
  seeds: optional(folder),
  checks: optional(checks),
  environments: optional(z.record(z.string(), environment)),
  backfill: optional(
    z.strictObject({
      concurrency: optional(concurrency),
      batchTargetMs: optional(whole(5, 500)),
      rowsPerSecond: optional(z.nullable(whole(1, 10_000_000))),
      verifyParallel: optional(whole(1, 8)),
      vacuum: optional(z.boolean()),
    }),
  ),
  throttle: optional(throttle),
  window: optional(z.strictObject({ ddl: optional(windows), backfill: optional(windows) })),
  ddl: optional(z.strictObject({ stallMs: optional(whole(10, 60_000)), deadline: optional(deadline) })),
  sql: optional(
    z.strictObject({ lockTimeoutMs: optional(whole(10, 600_000)), deadline: optional(deadline) }),
  ),
  http: optional(
    z.strictObject({
      host: optional(z.string().min(1, 'must be an address')),
      metricsPort: optional(port),
      workerMetricsPort: optional(port),
      pageHost: optional(z.string().min(1, 'must be an address')),
      pagePort: optional(port),
      readToken: optional(token),
      writeToken: optional(token),
    }),
  ),
  webhooks: optional(z.array(webhook)),
  logLevel: optional(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])),
});

/** The compiler's proof that schema and documented type have the same keys. */
type SameKeys = keyof z.infer<typeof CONFIG_SCHEMA> extends keyof BellowsConfig
  ? keyof BellowsConfig extends keyof z.infer<typeof CONFIG_SCHEMA>
    ? true
    : never
  : never;
export const SAME_KEYS: SameKeys = true;

export const TABLE_SCHEMA = table;
export const DATABASE_URL_SCHEMA = databaseUrl;
export const QUEUE_URL_SCHEMA = queueUrl;

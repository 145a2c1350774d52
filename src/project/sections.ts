/** The parts of the configuration that are objects, each with its defaults. */
import { durationMs } from '#core/duration';
import { NEWS } from '#core/news';
import type { BellowsConfig } from './config.js';
import type { DbmateVariables } from './dbmate-variables.js';
import type { Settings } from './settings.js';
import type { Sources } from './sources.js';

export function webhooksOf(webhooks: NonNullable<BellowsConfig['webhooks']>): Settings['webhooks'] {
  return webhooks.map(({ url, events }) => ({ url, events: events ?? NEWS }));
}

export function sqlOf({ config, overrides }: Sources): Settings['sql'] {
  const sql = { ...config.sql, ...present(overrides.sql) };
  return {
    lockTimeoutMs: sql.lockTimeoutMs ?? 5000,
    deadlineMs: durationMs(sql.deadline ?? '10m') ?? 600_000,
  };
}

export function waitOf({ wait, waitTimeoutMs, waitIntervalMs }: DbmateVariables): Settings['wait'] {
  return { always: wait ?? false, timeoutMs: waitTimeoutMs ?? 60_000, intervalMs: waitIntervalMs ?? 1_000 };
}

export function windowsOf({
  ddl = [],
  backfill = [],
}: NonNullable<BellowsConfig['window']>): Settings['window'] {
  return { ddl: [ddl].flat(), backfill: [backfill].flat() };
}

export function httpOf({ variables, config, overrides }: Sources): Settings['http'] {
  return {
    ...{ host: '127.0.0.1', metricsPort: 9484, workerMetricsPort: 9485 },
    ...{ pageHost: '127.0.0.1', pagePort: 8484 },
    readToken: given(variables.BELLOWS_READ_TOKEN) ?? null,
    writeToken: given(variables.BELLOWS_WRITE_TOKEN) ?? null,
    ...present(config.http),
    ...present(overrides.http),
  };
}

/** A variable that is set to nothing is not set: that is how a shell takes one back. */
export function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** An option that is `undefined` counts as left out; spread as it is, it would wipe the default. */
export function present<T extends object>(options: T | undefined): Present<T> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as Present<T>;
}

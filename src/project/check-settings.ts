import { durationMs } from '#core/duration';
import type { ChecksConfig } from './config.js';
import { besideMigrations } from './paths.js';
import type { Sources } from './sources.js';

export interface CheckSettings {
  /** Absolute, whether or not it is there. */
  readonly folder: string;
  readonly timeoutMs: number;
  readonly integerPercent: number;
  readonly foreignKeys: readonly {
    readonly table: string;
    readonly columns: readonly string[];
    readonly references: string;
    readonly referencedColumns: readonly string[];
  }[];
  readonly unique: NonNullable<ChecksConfig['unique']>;
  readonly notNull: NonNullable<ChecksConfig['notNull']>;
}

export function checkSettings(sources: Sources, migrations: readonly string[]): CheckSettings {
  const {
    folder,
    timeout = '60s',
    integerPercent = 70,
    foreignKeys = [],
    unique = [],
    notNull = [],
  } = sources.config.checks ?? {};
  return {
    folder: besideMigrations(sources, migrations, 'checks', folder),
    timeoutMs: durationMs(timeout) ?? 60_000,
    integerPercent,
    foreignKeys: foreignKeys.map((key) => ({ ...key, referencedColumns: key.referencedColumns ?? ['id'] })),
    unique,
    notNull,
  };
}

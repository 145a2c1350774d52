import type { Variables } from './config.js';
import { type Problem, problem } from './problems.js';

/** What dbmate's variables say; `undefined` where one is not set. Whatever the configuration says wins over them. */
export interface DbmateVariables {
  readonly migrations: readonly string[] | undefined;
  readonly migrationsTable: string | undefined;
  readonly schemaFile: string | undefined;
  readonly noDumpSchema: boolean | undefined;
  readonly strict: boolean | undefined;
  readonly wait: boolean | undefined;
  readonly waitTimeoutMs: number | undefined;
  readonly waitIntervalMs: number | undefined;
}

/** Reads the `DBMATE_…` variables as dbmate does: Go's booleans, Go's durations, folders with commas between them. */
export function readDbmateVariables(variables: Variables): {
  readonly dbmate: DbmateVariables;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const read = <T>(name: string, parse: (text: string) => T | null, form: string): T | undefined => {
    const text = variables[name]?.trim();
    if (text === undefined || text === '') return undefined;
    const value = parse(text);
    if (value === null) problems.push(problem(name, form));
    return value ?? undefined;
  };
  const flag = (name: string) => read(name, goBoolean, 'must be true or false');
  const duration = (name: string) => read(name, goDuration, 'must be a duration such as "60s" or "1m30s"');
  const text = (name: string) => read(name, String, '');
  return {
    dbmate: {
      migrations: read(
        'DBMATE_MIGRATIONS_DIR',
        folders,
        'must name a folder, or several with commas between',
      ),
      migrationsTable: text('DBMATE_MIGRATIONS_TABLE'),
      schemaFile: text('DBMATE_SCHEMA_FILE'),
      noDumpSchema: flag('DBMATE_NO_DUMP_SCHEMA'),
      strict: flag('DBMATE_STRICT'),
      wait: flag('DBMATE_WAIT'),
      waitTimeoutMs: duration('DBMATE_WAIT_TIMEOUT'),
      waitIntervalMs: duration('DBMATE_WAIT_INTERVAL'),
    },
    problems,
  };
}

function folders(text: string): readonly string[] | null {
  const named = text
    .split(',')
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '');
  return named.length === 0 ? null : named;
}

/** Go's `strconv.ParseBool`. */
function goBoolean(text: string): boolean | null {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : null;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's `time.ParseDuration`, in milliseconds, without the units that are finer: `1m30s`. */
function goDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}

/** What `check` finds in the data and around it. Names and counts, never a value of a row. */

export const DATA_CHECKS = [
  'orphans',
  'duplicates',
  'nulls',
  'unvalidated_constraints',
  'invalid_indexes',
  'duplicate_indexes',
  'unindexed_foreign_keys',
  'integer_range',
  'disabled_triggers',
  'no_primary_key',
  'queries',
] as const;
export type DataCheckId = (typeof DATA_CHECKS)[number];

/** Where in a file of the project something was said. */
export interface FilePlace {
  /** Relative to the working directory. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

export interface DataFinding {
  /** As a migration writes it: `orders`, `sales.orders`. Null where it is about no single table. */
  readonly table: string | null;
  /** The constraint, index, column, trigger or sequence; null where the table says it all. */
  readonly object: string | null;
  /** Rows, or groups of rows; null where nothing is counted. */
  readonly count: number | null;
  /** True: `count` comes from statistics. */
  readonly estimated: boolean;
  /** What it is, and what it leads to. */
  readonly means: string;
  /** SQL or commands, in order. */
  readonly mend: readonly string[];
  readonly place: FilePlace | null;
}

/** Something that could not be looked at. It counts like a finding: unknown is not a pass. */
export interface DataUnknown {
  readonly table: string | null;
  readonly why: string;
  readonly next: string;
  readonly place: FilePlace | null;
}

/** A table, or its whole key, that had to be read. */
export interface DataScan {
  readonly table: string;
  readonly bytes: number;
  /** The planner's estimate; null: never analysed. */
  readonly rows: number | null;
}

export interface DataCheckResult {
  readonly check: DataCheckId;
  /** `unknown`: nothing was found, and something could not be looked at. */
  readonly verdict: 'ok' | 'findings' | 'unknown';
  /** What was looked at, and how. */
  readonly did: readonly string[];
  readonly findings: readonly DataFinding[];
  readonly unknown: readonly DataUnknown[];
  /** Worth knowing; changes no verdict. */
  readonly notices: readonly DataFinding[];
  readonly scans: readonly DataScan[];
  readonly seconds: number;
}

/** A foreign key that is to hold later: declared in the configuration, or by a migration that is not done. */
export interface WantedForeignKey {
  readonly table: string;
  readonly columns: readonly string[];
  readonly references: string;
  /** Empty: the primary key. */
  readonly referencedColumns: readonly string[];
  /** The migration's id; null: the configuration. */
  readonly by: string | null;
}
export interface WantedUnique {
  readonly table: string;
  /** Column names, or SQL expressions as an index has them. */
  readonly keys: readonly { readonly column?: string; readonly expression?: string }[];
  /** SQL; null: every row. */
  readonly where: string | null;
  readonly by: string | null;
}
export interface WantedNotNull {
  readonly table: string;
  readonly column: string;
  readonly by: string | null;
  /** The migration's own backfill gives it its values: NULLs before it are no finding. */
  readonly filled: boolean;
}
export interface Wanted {
  readonly foreignKeys: readonly WantedForeignKey[];
  readonly unique: readonly WantedUnique[];
  readonly notNull: readonly WantedNotNull[];
  /** Migration files that could not be read, so that what they want is not known. */
  readonly unreadable: readonly string[];
}

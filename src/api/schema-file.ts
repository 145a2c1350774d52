/** The verbs that write and run the schema file. */

export interface DumpOptions {
  /** Relative to the project's folder. Default: `schemaFile` of the configuration. */
  readonly file?: string;
  /** False: nothing is written; the text is in the answer. Default true. */
  readonly write?: boolean;
  /**
   * `catalogue` reads the system catalogue, `pg_dump` runs the binary. Default `auto`: what the file was made with before,
   * else `catalogue`.
   */
  readonly provider?: 'auto' | 'catalogue' | 'pg_dump';
  /** Privileges too. Default: as the file has it, else false. */
  readonly grants?: boolean;
}
/** What a schema file was made of. */
export interface DumpFacts {
  readonly file: string;
  readonly provider: 'catalogue' | 'pg_dump';
  readonly grants: boolean;
  /** The schema holds what they have added so far. */
  readonly runsInFlight: readonly { readonly migration: string; readonly state: string }[];
  /** What is not in it on purpose, in words. */
  readonly leftOut: readonly string[];
}
export interface DumpResult extends DumpFacts {
  readonly text: string;
  /** False: the file was equal already, or was not to be written. */
  readonly changed: boolean;
}
export interface DumpCheck extends DumpFacts {
  readonly state: 'current' | 'stale' | 'missing';
  /** Unified, from the file to the database; empty where it is current. */
  readonly diff: string;
}

export interface LoadOptions {
  /** Relative to the project's folder. Default: `schemaFile` of the configuration. */
  readonly file?: string;
  readonly signal?: AbortSignal;
}
export interface LoadResult {
  readonly file: string;
  readonly statements: number;
  /** False: the file holds something that no transaction may hold, and its statements were committed one by one. */
  readonly oneTransaction: boolean;
  readonly seconds: number;
}

export interface SchemaFileVerbs {
  /** Writes the schema file: all of the database but Bellows' own. */
  dump(options?: DumpOptions): Promise<DumpResult>;
  /** Whether the schema file is what the database is. Writes nothing. */
  checkDump(options?: Omit<DumpOptions, 'write'>): Promise<DumpCheck>;
  /** Runs the schema file in an empty database. */
  load(options?: LoadOptions): Promise<LoadResult>;
}

/** The data itself: what is put in, and what is wrong with it. */
import type { DataCheckId, DataCheckResult, DataScan } from '#core/data-checks';
import type { SeededFile } from '#core/seed';

export interface CheckOptions {
  /** Only these. Default: all. */
  readonly only?: readonly DataCheckId[];
  /** Also scan for what the server already vouches for. Default false. */
  readonly deep?: boolean;
  /** How long each statement may take, in milliseconds. Default: the configuration's `checks.timeout`, 60 s. */
  readonly timeoutMs?: number;
  /** Told before a table is scanned. */
  readonly onScan?: (check: DataCheckId, scan: DataScan) => void;
}
export interface CheckReport {
  /** No finding, and nothing unknown. */
  readonly ok: boolean;
  /** How many. */
  readonly findings: number;
  readonly unknown: number;
  readonly checks: readonly DataCheckResult[];
}

export interface SeedOptions {
  /** Which seeds: the name of a file or folder of the seeds folder. Default: the chosen environment, without one `development`. */
  readonly seeds?: string;
  /** Also what was applied already. Default false. */
  readonly force?: boolean;
  /** Nothing is applied. Default false. */
  readonly dryRun?: boolean;
  /** Needed for production. Default false. */
  readonly yes?: boolean;
  /** Told after each file. */
  readonly onFile?: (file: SeededFile) => void;
  /** Told when another process is just applying the same file. */
  readonly onWait?: (file: string) => void;
}
export interface SeedReport {
  readonly seeds: string;
  readonly environment: string;
  /** Its name. */
  readonly database: string;
  readonly files: readonly SeededFile[];
}

export interface DataVerbs {
  /** Applies the seeds of an environment, each file once for each text, in a transaction of its own. */
  seed(options?: SeedOptions): Promise<SeedReport>;
  /** Looks for what is wrong in the data and around it; changes nothing. */
  check(options?: CheckOptions): Promise<CheckReport>;
}

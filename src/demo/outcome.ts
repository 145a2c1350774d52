/** What the story ends with, as the report tells it. */
import type { GateReport } from '#api';
import type { MigrationStatus } from '#core/status';
import type { DataCheck } from './data-check.js';
import type { Percentiles } from './latency.js';

export interface Outcome {
  /** Rows that the backfills moved. */
  readonly rows: number;
  /** From `up` to the last contract. */
  readonly seconds: number;
  /** While rows were being moved. */
  readonly rowsPerSecond: number;
  readonly before: Percentiles;
  readonly during: Percentiles;
  readonly gates: readonly GateReport[];
  readonly checks: { readonly beforeContract: DataCheck; readonly afterContract: DataCheck };
  readonly migrations: readonly MigrationStatus[];
}

/** What a migration file, a configuration and an application import from `pgbellows`. */
import type { Bellows } from '#api';
import type { BellowsOptions } from '#main';

export type {
  Bellows,
  CheckOptions,
  CheckReport,
  GateReport,
  MigrationDetail,
  PlanView,
  SeedOptions,
  SeedReport,
  ServeOptions,
  Status,
  UpOptions,
  UpResult,
  VerificationReport,
  WorkerOptions,
} from '#api';
export {
  type AnyOperation,
  type Backfill,
  type ContractOperation,
  type Copy,
  type CopyBackfill,
  type Definition,
  type Duration,
  defineMigration,
  type ExpandOperation,
  type Gate,
  type Migration,
  on,
  type PlainBackfill,
  type SyncedBackfill,
} from '#core/definition';
export { BellowsError } from '#core/errors';
export type { EventMap, EventName, Listener } from '#core/events';
export { defineSeed, type SeedDatabase, type SeedDefinition } from '#core/seed';
export { type Sql, type SqlValue, sql } from '#core/sql';
export type { MigrationStatus } from '#core/status';
export type { BellowsOptions } from '#main';
export { dropColumn } from '#phases/contract/drop-column';
export { dropTable } from '#phases/contract/drop-table';
export { setNotNull } from '#phases/contract/set-not-null';
export { addCheck } from '#phases/expand/add-check';
export { addColumn } from '#phases/expand/add-column';
export { addForeignKey } from '#phases/expand/add-foreign-key';
export { addUnique } from '#phases/expand/add-unique';
export { createIndex } from '#phases/expand/create-index';
export { createTable } from '#phases/expand/create-table';
export { statement } from '#phases/expand/statement';
export { type BellowsConfig, defineConfig, type EnvironmentConfig } from '#project/config';

/** Opens Bellows on a project. Nothing is connected before the first verb; `close` ends every connection. */
export async function createBellows(options: BellowsOptions = {}): Promise<Bellows> {
  // A migration file imports this module too, and needs nothing of what comes with it.
  const main = await import('#main');
  return main.createBellows(options);
}

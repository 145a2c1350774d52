import type { TableName } from '#core/identifier';
import type { Catalogue, Database } from '#ports';
import { conditionProblem, isVolatile, typeName } from './catalogue-probe.js';
import { readBuiltInTypes, readRoutines, readServer } from './catalogue-server.js';
import { readTable } from './catalogue-table.js';
import { fingerprint } from './fingerprint.js';

/** Reading the catalogue may wait for somebody's ACCESS EXCLUSIVE lock: not for ever. Milliseconds. */
const LIMITS = { lockTimeoutMs: 5_000, statementTimeoutMs: 60_000 };

/**
 * Reads what planning and the gate need to know. Changes nothing: what the server alone can tell (volatility, the full name
 * of a type) is asked by temporary objects that are rolled back.
 */
export function createCatalogue(database: Database): Catalogue {
  const reading = <R>(work: Parameters<typeof database.transaction<R>>[1]) =>
    database.transaction(LIMITS, work);
  return {
    server: () => reading(readServer),
    table: (table) => reading((tx) => readTable(tx, table)),
    routines: (names) => reading((tx) => readRoutines(tx, names)),
    typeName: (type) => reading((tx) => typeName(tx, type)),
    builtInTypes: (types) => reading((tx) => readBuiltInTypes(tx, types)),
    isVolatile: (expression) => reading((tx) => isVolatile(tx, expression)),
    conditionProblem: (table, added, condition) =>
      reading((tx) => conditionProblem(tx, table, added, condition)),
    fingerprint: (tables: readonly TableName[]) => reading((tx) => fingerprint(tx, tables)),
  };
}

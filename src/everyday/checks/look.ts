/** How a check reads: in read-only transactions under a time limit, and never blind to rows. */
import type { DataCheckId, DataUnknown } from '#core/data-checks';
import { classify } from '#core/sqlstate';
import type { Row, Session } from '#ports';
import type { TableSize } from './sizes.js';
import { type CheckWorld, type Part, unknown } from './world.js';

/** Of statements that read nothing but the catalogue. */
const CATALOGUE_TIMEOUT_MS = 30_000;

/** A transaction that the server itself keeps from writing. Row security becomes an error: a check that sees no rows would pass. */
function reading<R>(
  { database }: CheckWorld,
  statementTimeoutMs: number,
  work: (tx: Session) => Promise<R>,
): Promise<R> {
  return database.transaction({ readOnly: true, rowSecurity: false, statementTimeoutMs }, work);
}

/** Asks the catalogue. */
export function look<R extends Row>(
  world: CheckWorld,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly R[]> {
  return reading(world, CATALOGUE_TIMEOUT_MS, (tx) => tx.query<R>(text, values));
}

/** Asks the tables, under the time limit of the check. */
export function ask<R extends Row>(world: CheckWorld, text: string): Promise<readonly R[]> {
  return reading(world, world.statementTimeoutMs, (tx) => tx.query<R>(text));
}

/** For a question that an index answers: the planner may find a scan of a small table cheaper, and would be right. */
export function askByIndex<R extends Row>(world: CheckWorld, text: string): Promise<readonly R[]> {
  return reading(world, world.statementTimeoutMs, async (tx) => {
    await tx.query(`select set_config('enable_seqscan', 'off', true)`);
    return tx.query<R>(text);
  });
}

/** Says that a table is scanned, scans it, and turns what the server refuses into "unknown". */
export async function scan<R extends Row>(
  world: CheckWorld,
  check: DataCheckId,
  size: TableSize,
  text: string,
  judge: (row: R | undefined) => Part,
): Promise<Part> {
  const { table, bytes, rows } = size;
  const scanned = { table, bytes, rows };
  world.onScan(check, scanned);
  const part = await orUnknown(world, table, async () => judge((await ask<R>(world, text))[0]));
  return { ...part, scans: [scanned] };
}

/** What the server refuses to show is not seen; what is not seen is no pass. A lost connection is the caller's. */
export async function orUnknown(
  world: CheckWorld,
  table: string | null,
  work: () => Promise<Part>,
): Promise<Part> {
  try {
    return await work();
  } catch (error) {
    return { unknown: [unseen(world, table, error)] };
  }
}

function unseen({ statementTimeoutMs }: CheckWorld, table: string | null, error: unknown): DataUnknown {
  const { sqlstate, name } = classify(error);
  if (sqlstate === '57014') {
    return unknown({
      table,
      why: `not answered within ${statementTimeoutMs / 1000} s`,
      next: 'Allow more time: bellows check --timeout 10m; a replica can be asked instead: --database-url.',
    });
  }
  if (sqlstate === '42501') {
    return unknown({
      table,
      why: 'this role may not read all of it (a missing grant, or row security)',
      next: 'Run the check as the owner, or grant SELECT and BYPASSRLS.',
    });
  }
  if (!/^(22|42|53|54|55|0A|40|XX)/.test(sqlstate)) throw error;
  return unknown({
    table,
    why: `the server refused it: ${name} (${sqlstate})`,
    next: 'Run the check again.',
  });
}

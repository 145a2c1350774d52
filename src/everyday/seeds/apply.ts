/** Applies one seed file, once for each text: the data and the row that says so are one transaction. */
import { BellowsError } from '#core/errors';
import type { SeedDefinition } from '#core/seed';
import { sqlstateOf } from '#core/sqlstate';
import type { Database, Session } from '#ports';
import { serverMessage } from '../sql/server-message.js';
import { runCodeSeed } from './code-seed.js';
import { SeedFailedError } from './errors.js';
import type { SeedFile } from './files.js';
import { claim, claimAgain } from './ledger.js';
import { runSqlSeed } from './sql-seed.js';
import { afterwards } from './words.js';

export interface Apply {
  readonly database: Database;
  readonly seed: SeedFile;
  /** What the file declares; null: it is SQL. */
  readonly definition: SeedDefinition | null;
  readonly by: string;
  /** Also where it was applied already. */
  readonly force: boolean;
  /** Files of the same command that are applied by now, for what is said when this one fails. */
  readonly kept: readonly string[];
  /** Told when another process is just applying it. */
  readonly onWait: () => void;
}

/** How many statements it was; null: it was applied already. */
export async function applySeed(apply: Apply): Promise<number | null> {
  const { database, seed, kept } = apply;
  try {
    return await database.transaction({}, (tx) => inTransaction(tx, apply));
  } catch (error) {
    if (error instanceof BellowsError || sqlstateOf(error) === null) throw error;
    // At COMMIT: a deferred constraint.
    const what = `${seed.file}: ${serverMessage(error)} (${sqlstateOf(error)}), at the end of its transaction`;
    throw new SeedFailedError({ what, ...afterwards(seed, error, kept) }, { file: seed.file }, null);
  }
}

async function inTransaction(tx: Session, apply: Apply): Promise<number | null> {
  const { seed, definition, by, force, kept, onWait } = apply;
  const isNew = await telling(claim(tx, seed, by), onWait);
  if (!isNew && !force) return null;
  if (!isNew) await telling(claimAgain(tx, seed, by), onWait);
  const statements =
    definition === null ? await runSqlSeed(tx, seed, kept) : await runCodeSeed(tx, seed, definition, kept);
  await forgetSettings(tx);
  return statements;
}

/** A SET without LOCAL would go on for whoever gets the connection next. */
async function forgetSettings(tx: Session): Promise<void> {
  for (const text of ['reset session authorization', 'reset role', 'reset all']) await tx.query(text);
}

const SOON_MS = 500;

async function telling<T>(work: Promise<T>, onWait: () => void): Promise<T> {
  const timer = setTimeout(onWait, SOON_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

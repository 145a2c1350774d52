/** Holds files and database against each other: what is applied, what is due, and what does not fit together. Pure. */
import type { SqlMigration } from '#core/sql-migration';
import type { Ledger, PlainRow } from './ledger.js';

export interface Reconciled {
  readonly file: SqlMigration;
  readonly row: PlainRow | null;
  /** `stopped`: between two of its statements, by a failure or by the end of its runner. */
  readonly state: 'applied' | 'pending' | 'stopped';
  /** `edited` since it was applied; `late`: pending, below a version that is applied; `renamed`: pending, and its text was applied as `other`. */
  readonly oddity: null | 'edited' | 'late' | { readonly renamedFrom: string };
}

export interface Missing {
  readonly version: string;
  /** The id that it had; the version where only `schema_migrations` knows it. */
  readonly id: string;
}

export interface Reconciliation {
  /** In the order of their names. */
  readonly files: readonly Reconciled[];
  /** Applied or half-way, and without a file. */
  readonly missing: readonly Missing[];
}

/** @param phased versions of the phased migrations of the folder, which enter `schema_migrations` when they are done */
export function reconcile(
  files: readonly SqlMigration[],
  phased: readonly string[],
  { applied, rows }: Ledger,
): Reconciliation {
  const known = new Set([...files.map((f) => f.version), ...phased]);
  const halfWay = [...rows.values()].filter(({ state }) => state !== 'applied').map(({ version }) => version);
  const missing = [...new Set([...applied, ...halfWay])]
    .filter((version) => !known.has(version))
    .sort()
    .map((version) => ({ version, id: rows.get(version)?.migration ?? version }));
  const newest = [...applied].reduce((a, b) => (a > b ? a : b), '');
  const orphans = new Map(
    missing.flatMap(({ version, id }) => {
      const row = rows.get(version);
      return row === undefined ? [] : [[row.checksum, id] as const];
    }),
  );
  const one = (file: SqlMigration): Reconciled => {
    const row = rows.get(file.version) ?? null;
    if (row !== null && row.state !== 'applied') return { file, row, state: 'stopped', oddity: null };
    if (applied.has(file.version)) {
      const edited = row !== null && row.checksum !== file.checksum;
      return { file, row, state: 'applied', oddity: edited ? 'edited' : null };
    }
    const renamedFrom = orphans.get(file.checksum);
    const late = file.version < newest ? 'late' : null;
    // A row without a version: another tool took it back.
    return { file, row: null, state: 'pending', oddity: renamedFrom === undefined ? late : { renamedFrom } };
  };
  return { files: files.map(one), missing };
}

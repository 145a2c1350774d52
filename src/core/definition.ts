/**
 * What a migration file says. Operations are data; the constructors beside their rendering live in `phases/`.
 * The type parameters carry column names, so that the compiler can refuse a mapping into a column nobody adds.
 */
import type { Sql } from './sql.js';

/** `30s`, `5m`, `24h`, `7d`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

interface Operation<K extends string> {
  readonly kind: K;
  /** The table, where it is not the migration's; set by `on('orders', …)`. `schema.name` or `name` (schema public). */
  readonly table?: string;
}

export interface AddColumn<N extends string = string> extends Operation<'addColumn'> {
  readonly column: N;
  readonly type: string;
  /** A default for new rows; must not be volatile, since that rewrites the table. */
  readonly default?: Sql;
}
/** A column of a table that is made: its type, or more than that. */
export interface NewColumn {
  readonly type: string;
  readonly notNull?: boolean;
  readonly default?: Sql;
}
export interface CreateTable extends Operation<'createTable'> {
  readonly name: string;
  readonly columns: { readonly [column: string]: string | NewColumn };
  readonly primaryKey: readonly string[];
}
export interface CreateIndex extends Operation<'createIndex'> {
  readonly columns: readonly (string | Sql)[];
  readonly name?: string;
  readonly unique?: boolean;
  readonly where?: Sql;
  readonly using?: string;
}
export interface AddCheck extends Operation<'addCheck'> {
  readonly name: string;
  readonly check: Sql;
}
export interface AddForeignKey extends Operation<'addForeignKey'> {
  readonly columns: readonly string[];
  readonly references: string;
  readonly referencedColumns: readonly string[];
  readonly name?: string;
  readonly onDelete?: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
}
export interface AddUnique extends Operation<'addUnique'> {
  readonly columns: readonly string[];
  readonly name?: string;
}
export interface SetNotNull extends Operation<'setNotNull'> {
  readonly column: string;
}
export interface DropColumn extends Operation<'dropColumn'> {
  readonly column: string;
}
export interface DropTable extends Operation<'dropTable'> {
  readonly name: string;
}
/** SQL that no operation covers; the author says why it is safe. */
export interface Statement extends Operation<'statement'> {
  readonly up: Sql;
  readonly undo?: Sql;
  readonly reason: string;
}

export type ExpandOperation =
  | AddColumn
  | CreateTable
  | CreateIndex
  | AddCheck
  | AddForeignKey
  | AddUnique
  | Statement;
export type ContractOperation =
  | SetNotNull
  | AddCheck
  | AddForeignKey
  | AddUnique
  | DropColumn
  | DropTable
  | Statement;
export type AnyOperation = ExpandOperation | ContractOperation;

/** The columns that an expand list adds, or any string where a `statement` may add some unseen. */
export type AddedColumns<E extends readonly ExpandOperation[]> = E[number] extends infer O
  ? O extends AddColumn<infer N>
    ? N
    : O extends Statement
      ? string
      : never
  : never;

interface BackfillCommon {
  readonly table?: string;
  /**
   * What the table's own AFTER and statement triggers do for the rows of the backfill. Required where such a trigger exists:
   * `fire` runs them as for any update, `skip` sets session_replication_role for the batch (the role must be allowed to).
   */
  readonly triggers?: 'fire' | 'skip';
  /**
   * Down the primary key, so that what was made last is moved first. Default: as the rows lie in the table, which costs
   * least. Says nothing of the order within a batch, and needs a primary key.
   */
  readonly order?: 'newest first';
}

/** Old to new, kept equal in both directions until contract. */
export interface SyncedBackfill<C extends string = string> extends BackfillCommon {
  readonly set: [C] extends [never] ? Readonly<Record<string, never>> : { readonly [K in C]?: Sql };
  /** New to old. `'none'` gives up lossless rollback, and `plan` says so. Needed where the contract drops the source. */
  readonly reverse?: { readonly [column: string]: Sql } | 'none';
  readonly where?: never;
  readonly delete?: never;
  readonly transform?: never;
  readonly copy?: never;
}

/** A fill of existing columns: `where` picks the rows, and `set` must make it false. */
export interface PlainBackfill extends BackfillCommon {
  readonly set: { readonly [column: string]: Sql };
  readonly where: Sql;
  readonly reverse?: never;
  readonly delete?: never;
  readonly transform?: never;
  readonly copy?: never;
}

/**
 * A purge: the rows that this is true of are deleted, in batches like any other. It cannot be rolled back. Rows of which
 * it becomes true only after the walk has passed them are left, but for those that the sweep meets.
 */
export interface PurgeBackfill extends BackfillCommon {
  readonly delete: Sql;
  readonly set?: never;
  readonly where?: never;
  readonly reverse?: never;
  readonly transform?: never;
  readonly copy?: never;
}

/** Into which table, and how a row of it is made of a row of the source. */
export interface Copy {
  /** The target: a table that is there when the run begins, or that `expand` makes. */
  readonly into: string;
  /**
   * Column of the target -> column of the source that it holds. On each side a unique index covers exactly these columns, so
   * that one row of the source is one row of the target.
   */
  readonly key: { readonly [column: string]: string };
  /** Column of the target -> SQL over the columns of the source. */
  readonly set: { readonly [column: string]: Sql };
  /** Rows of the source that this is not true of have no row in the target. */
  readonly where?: Sql;
  /** The target has rows that the source never had, and they are left alone. Default: such a row is a mismatch. */
  readonly others?: 'keep';
}

/**
 * Rows are copied to another table, and until contract a trigger carries each later write of the source there. One way: what
 * is written to the target is not carried back.
 */
export interface CopyBackfill extends BackfillCommon {
  readonly copy: Copy;
  readonly set?: never;
  readonly where?: never;
  readonly reverse?: never;
  readonly delete?: never;
  readonly transform?: never;
}

/** A row on its way into or out of a transform: values by column. */
export type TransformRow = Readonly<Record<string, unknown>>;

/**
 * Gives, for the rows that it gets, as many rows in the same order, each with a value for every column of `write`. It may be
 * called again with the same rows, so it must not depend on being called once. `signal` is aborted when its answer is not
 * waited for any more: at its time limit, and when the worker stops.
 */
export type Transform = (
  rows: readonly TransformRow[],
  context: { readonly signal: AbortSignal },
) => readonly TransformRow[] | Promise<readonly TransformRow[]>;

/** What SQL cannot say. No trigger can compute it: a row whose source changes later is transformed again. */
export interface TransformBackfill<C extends string = string> extends BackfillCommon {
  /** Columns that the transform gets. */
  readonly read: readonly string[];
  /** Columns that it gives; each is added by `expand`. */
  readonly write: readonly C[];
  readonly transform: Transform;
  /** Calls at a time for each range that is walked. Default 1. */
  readonly concurrency?: number;
  /** How long a call may take. Default `30s`. */
  readonly timeout?: Duration;
  readonly set?: never;
  readonly reverse?: never;
  readonly where?: never;
  readonly delete?: never;
  readonly copy?: never;
}

export type Backfill<C extends string = string> =
  | SyncedBackfill<C>
  | PlainBackfill
  | PurgeBackfill
  | CopyBackfill
  | TransformBackfill<C>;

export interface Gate {
  /** How long the gate must have been reached before it may open. Default `0s`. */
  readonly soak?: Duration;
  /** Versions that must be deployed, e.g. `{ api: '>=42' }`; recorded by `bellows deploys record`. */
  readonly deployed?: { readonly [application: string]: string };
  /** Queries that must return no rows. */
  readonly queries?: { readonly [name: string]: Sql };
}

/** `'22:00-06:00'`, `'mon-fri 22:00-06:00 Europe/Berlin'`, `'sat,sun'`, or several; days are those on which it opens. */
export interface Windows {
  readonly ddl?: string | readonly string[];
  readonly backfill?: string | readonly string[];
}

export interface Migration<E extends readonly ExpandOperation[] = readonly ExpandOperation[]> {
  /** One sentence for status, history and changelog. */
  readonly description: string;
  /** The table of every operation that does not name its own. */
  readonly table?: string;
  readonly expand?: E;
  readonly backfill?: Backfill<AddedColumns<E>> | readonly Backfill<AddedColumns<E>>[];
  readonly contract?: readonly ContractOperation[];
  readonly gate?: Gate;
  /** When expand and contract may begin, and when the backfill may run. Default: as configured, else always. */
  readonly window?: Windows;
}

/** The columns of a table that is made, each in full. */
export function newColumns({ columns }: CreateTable): readonly (NewColumn & { readonly name: string })[] {
  return Object.entries(columns).map(([name, column]) =>
    typeof column === 'string' ? { name, type: column } : { name, ...column },
  );
}

/** A migration whose type parameters no longer matter. */
export interface Definition {
  readonly description: string;
  readonly table?: string;
  readonly expand?: readonly ExpandOperation[];
  readonly backfill?: Backfill | readonly Backfill[];
  readonly contract?: readonly ContractOperation[];
  readonly gate?: Gate;
  readonly window?: Windows;
}

/**
 * Declares a migration. The compiler refuses a drop in `expand`, an add in `contract`, a mapping into a column that
 * `expand` does not add, and unknown options; what it cannot see is refused when the file is loaded.
 */
export function defineMigration<const E extends readonly ExpandOperation[] = readonly []>(
  migration: Migration<E>,
): Definition {
  return migration as Definition;
}

/** Addresses an operation to another table than the migration's. */
export function on<O extends AnyOperation>(table: string, operation: O): O {
  return { ...operation, table };
}

export function backfillsOf(definition: Definition): readonly Backfill[] {
  const { backfill } = definition;
  if (backfill === undefined) return [];
  return Array.isArray(backfill) ? (backfill as readonly Backfill[]) : [backfill as Backfill];
}

/** The columns of its own table that a backfill writes, with their SQL; none for a purge or a copy. */
export function setOf({ set }: Backfill): Readonly<Record<string, Sql | undefined>> {
  return set ?? {};
}

/** The columns that it fills. */
export function filledBy(backfill: Backfill): readonly string[] {
  return backfill.transform === undefined ? Object.keys(setOf(backfill)) : backfill.write;
}

/** Seeds: data that an environment begins with. */

/** The seed's transaction. */
export interface SeedDatabase {
  /** One statement; what it needs as values, never in its text. Gives its rows. */
  query<R extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly R[]>;
}

export interface SeedDefinition {
  readonly kind: 'seed';
  readonly run: (db: SeedDatabase) => Promise<void>;
}

/**
 * Declares a seed in TypeScript; the default export of `seeds/<env>.ts`, or of a file in `seeds/<env>/`. All that it does is one
 * transaction, which also records that it was done.
 *
 * @example export default defineSeed(async (db) => {
 *   for (const name of ['admin', 'viewer']) await db.query('insert into roles (name) values ($1)', [name]);
 * });
 */
export function defineSeed(run: (db: SeedDatabase) => Promise<void>): SeedDefinition {
  return { kind: 'seed', run };
}

export interface SeedFileStatus {
  /** Relative to the working directory. */
  readonly file: string;
  readonly checksum: string;
  /** Before this command. `changed`: applied with another text; `pending`: never applied. */
  readonly state: 'pending' | 'changed' | 'applied';
  /** When it was last applied, with whatever text, before this command; ISO 8601. */
  readonly appliedAt: string | null;
}

export interface SeededFile extends SeedFileStatus {
  /** Whether it was applied now. */
  readonly ran: boolean;
  readonly statements: number;
  readonly seconds: number;
}

/** What changed in the schema, by migration. */
export interface ChangelogEntry {
  readonly migration: string;
  readonly kind: 'phased' | 'sql';
  /** `adopted`: it was applied by another tool, or taken as applied by `baseline`; `resolved`: ended by hand. */
  readonly event: 'applied' | 'adopted' | 'resolved' | 'rolled_back';
  /** ISO, of the database. */
  readonly at: string;
  /** The definition's, or the comment that an SQL file begins with; null: there is none, or the file is gone. */
  readonly description: string | null;
  /** `column users.full_name`: what is gone for good. */
  readonly drops: readonly string[];
  /** `column users.name to full_name` */
  readonly renames: readonly string[];
}

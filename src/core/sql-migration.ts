/** A plain SQL migration as its file says it: dbmate's format, and files without directives. */

export interface SqlSection {
  /** The whole file with everything outside of this section blanked out, so that every position is one in the file. */
  readonly text: string;
  /** False: `transaction:false` was said. */
  readonly transaction: boolean;
}

export interface SqlMigration {
  /** The file's name without its ending. */
  readonly id: string;
  /** The leading digits: what `schema_migrations` holds. */
  readonly version: string;
  /** Absolute. */
  readonly path: string;
  /** As shown: relative to the working directory. */
  readonly file: string;
  /** The file as it was read, without a byte order mark; what places are counted in. */
  readonly source: string;
  readonly up: SqlSection;
  /** Null: there is no `-- migrate:down`, and so no way back but a new migration. */
  readonly down: SqlSection | null;
  /** SHA-256 of the text; line endings, a byte order mark and white space at the end do not count. */
  readonly checksum: string;
  /** The comment at the top, on one line; null where there is none. */
  readonly description: string | null;
}

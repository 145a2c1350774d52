/** A statement as data. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly (string | number | null | readonly string[])[];
  /** Its rows are wanted. Default: they are dropped as they come. */
  readonly rows?: boolean;
  /** In a pipeline its answer comes as soon as it is done. Default: with that of a later one, or at the end, which costs less. */
  readonly atOnce?: boolean;
}

export interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** When it came, by `performance.now()`. */
  readonly at: number;
}

/** What became of statements that were sent together: the answers of those that were done, in their order. */
export interface Answers {
  readonly answers: readonly Answer[];
  /** Why the next one failed. Null: all were done. */
  readonly error: unknown;
}

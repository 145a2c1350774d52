/** How a backfill goes through its tables, and how fast it went lately: what charts are drawn from. */
export interface WalkView {
  readonly migration: string;
  /** Of the newest pass of each backfill, in the order of the table: `lo` to `cursor` is done, up to `hi` to do. */
  readonly ranges: readonly {
    readonly table: string;
    readonly pass: number;
    /** Of heap blocks, or of rows: by key, where `hi` is a guess until the end, or picked by an index. */
    readonly kind: 'blocks' | 'keys' | 'picked';
    readonly lo: number;
    readonly hi: number;
    readonly cursor: number;
    readonly state: 'open' | 'done' | 'void';
    /** A worker has it now. */
    readonly held: boolean;
  }[];
  /** Seconds that one of `samples` stands for. */
  readonly sampleSeconds: number;
  /** Of at most the last 30 minutes with batches, oldest first; times without a batch have none. */
  readonly samples: readonly {
    readonly at: string;
    readonly rowsPerSecond: number;
    /** 95 of 100 batches took no longer. */
    readonly batchMs: number;
  }[];
}

/** Time that the pace was held by a signal. */
export interface TimeLost {
  readonly signal: string;
  readonly seconds: number;
}
/** A signal of the pace as the workers read it last. */
export interface SignalReading {
  readonly signal: string;
  readonly value: number | null;
  readonly limit: number;
  /** `stop` holds every batch, `slow` only steers, `n/a`: this server cannot offer it. */
  readonly verdict: 'go' | 'slow' | 'stop' | 'n/a';
  /** value / limit; null where it is unknown. */
  readonly utilisation: number | null;
  readonly text: string;
  readonly release: string;
  readonly at: string;
}

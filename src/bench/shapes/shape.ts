/** The shapes that are compared. Each does the same work on a slice of the same table. */

/** Blocks: `lo` inclusive, `hi` exclusive. Ids: both inclusive; a row stands in one slice by either measure. */
export interface Slice {
  readonly lo: number;
  readonly hi: number;
  readonly firstId: string;
  readonly lastId: string;
  readonly rows: number;
  /** The same as a range of Bellows' walk. */
  readonly range: number;
}

export interface Shape {
  readonly name: string;
  /** Names of the sessions that do its work begin so. */
  readonly sessions: string;
  /** One that rests between its batches gets only so many rows of a slice, by id. Default: all. */
  readonly rowsAtMost?: number;
  /** Not measured: its triggers on, those of the others off. */
  prepare(slice: Slice): Promise<void>;
  /** The work; how many rows it moved. */
  move(slice: Slice): Promise<number>;
}

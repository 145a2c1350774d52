/** The operator's cap in rows per second, shared evenly by the walkers that may run. */
export interface Rate {
  /** Milliseconds of the walker's clock before which the next batch may not start. */
  readonly nextAt: number;
}

export const START_RATE: Rate = { nextAt: 0 };

export interface Cap {
  readonly rowsPerSecond: number | null;
  readonly concurrency: number;
}

/** Rows a second for one walker; null = no cap. */
export function share(cap: Cap): number | null {
  return cap.rowsPerSecond === null ? null : cap.rowsPerSecond / Math.max(1, cap.concurrency);
}

/** After a batch: its rows have to be paid for from its start on, so time that it took counts. */
export function afterRows(rate: Rate, rows: number, startedAt: number, cap: Cap): Rate {
  const perSecond = share(cap);
  if (perSecond === null) return START_RATE;
  return { nextAt: Math.max(rate.nextAt, startedAt) + (rows / perSecond) * 1_000 };
}

/** A lone worker gives way by resting: not before `rest` times the batch's own duration has passed. */
export function rested(rate: Rate, startedAt: number, milliseconds: number, rest: number): Rate {
  if (rest <= 0) return rate;
  return { nextAt: Math.max(rate.nextAt, startedAt + milliseconds * (1 + rest)) };
}

/** The largest batch in blocks that does not use up more than a second's share. */
export function maxBlocks(cap: Cap, rowsPerBlock: number | null): number {
  const perSecond = share(cap);
  if (perSecond === null) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(perSecond / Math.max(1, rowsPerBlock ?? GUESSED_ROWS_PER_BLOCK)));
}

/** A table that was never analysed: rows of about 100 bytes. */
export const GUESSED_ROWS_PER_BLOCK = 80;

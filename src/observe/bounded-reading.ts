/** A reading of something that may hang: at most one at a time, none more often than needed, and nobody waits longer than the limit. */

export interface BoundedOptions<T> {
  readonly read: () => Promise<T>;
  /** A reading younger than this is used again. Milliseconds. */
  readonly freshMs: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Told of each reading that was begun, once it has ended or was given up. */
  readonly onRead?: (seconds: number, ok: boolean) => void;
}

/** A slow reading is repeated less often, so that it never takes more than this share of a connection's time. */
const SHARE = 20;

/** @returns a function that gives what is there within the limit; null where nothing is: what is old is dropped, not shown. */
export function boundedReading<T>(options: BoundedOptions<T>): () => Promise<T | null> {
  const { freshMs, now } = options;
  let last: { readonly value: T | null; readonly at: number; readonly took: number } | null = null;
  let running: Promise<T | null> | null = null;
  // Settles when the source does: a hung one must not be asked again, since each question holds a connection.
  let pending = false;

  const start = async (): Promise<T | null> => {
    const begun = now();
    pending = true;
    const value = await inTime(options, () => {
      pending = false;
    });
    const took = now() - begun;
    options.onRead?.(took / 1_000, value !== null);
    last = { value, at: now(), took };
    return value;
  };

  return async () => {
    if (running !== null) return running;
    if (pending) return null;
    const keep = last === null || last.value === null ? 0 : Math.max(freshMs, SHARE * last.took);
    if (last !== null && now() - last.at < keep) return last.value;
    running = start().finally(() => {
      running = null;
    });
    return running;
  };
}

/** The value, or null where it failed or came too late; a late one is old by then and is let go. */
function inTime<T>({ read, timeoutMs }: BoundedOptions<T>, settled: () => void): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, null);
    const end = (value: T | null): void => {
      settled();
      clearTimeout(timer);
      resolve(value);
    };
    // A reading that throws at once must not break the scrape either.
    void Promise.resolve()
      .then(read)
      .then(end, () => end(null));
  });
}

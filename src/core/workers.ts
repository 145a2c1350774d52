/** A worker that has not been heard of for this long is called stale. Seconds. */
export const STALE_WORKER_SECONDS = 10;

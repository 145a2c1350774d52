/** What the application saw, by its own clock. */

export interface Sample {
  /** When the request was due, in milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
}
export interface Percentiles {
  readonly requests: number;
  /** In milliseconds; null where there was no request. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}
export interface ErrorCount {
  /** `app/1 rename user: 42703 column "…" does not exist`. */
  readonly what: string;
  readonly times: number;
}

/** All requests of all deploys; a request that failed is one too. */
export class Latencies {
  readonly #samples: Sample[] = [];
  readonly #errors = new Map<string, number>();

  add(samples: readonly Sample[], errors: readonly string[]): void {
    for (const sample of samples) this.#samples.push(sample);
    for (const what of errors) this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1);
  }

  get requests(): number {
    return this.#samples.length;
  }

  get errors(): number {
    return this.errorCounts.reduce((sum, { times }) => sum + times, 0);
  }

  /** The most frequent first. */
  get errorCounts(): readonly ErrorCount[] {
    return [...this.#errors].map(([what, times]) => ({ what, times })).sort((a, b) => b.times - a.times);
  }

  /** Of the requests that were due from `from` until before `to`. */
  between(from: number, to: number): Percentiles {
    return percentiles(this.#samples.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms));
  }
}

export function percentiles(latencies: readonly number[]): Percentiles {
  const sorted = latencies.toSorted((a, b) => a - b);
  // Nearest rank: a latency that some request really had.
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { requests: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? null };
}

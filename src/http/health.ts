/** Answers of the health endpoints. */
export interface HealthAnswer {
  readonly ok: boolean;
  /** In words, for a person with curl. No secrets. */
  readonly text: string;
}

/** What `/healthz` and `/readyz` ask. */
export interface Health {
  /** Not alive: only a restart helps. An outage of PostgreSQL or of the queue is none of these. */
  live(): HealthAnswer;
  /** Ready: PostgreSQL answers. */
  ready(): Promise<HealthAnswer>;
}

export interface HealthOptions {
  /** Any statement that PostgreSQL answers at once, `select 1`. */
  readonly ping: () => Promise<unknown>;
  /** A loop that has not ticked for this long is stuck. Milliseconds. Default: 60,000. */
  readonly staleMs?: number;
  /** How long PostgreSQL may take, in milliseconds. Default: 2,000. */
  readonly timeoutMs?: number;
  /** Milliseconds of a clock that only goes forward. Default: `performance.now`. */
  readonly now?: () => number;
}

export interface TickedHealth extends Health {
  /** To be called by each turn of the leader's or the worker's loop. A process that never ticks has no loop to be stuck. */
  tick(): void;
}

export function createHealth({
  ping,
  staleMs = 60_000,
  timeoutMs = 2_000,
  now = () => performance.now(),
}: HealthOptions): TickedHealth {
  let ticked: number | null = null;
  let asking: Promise<HealthAnswer> | null = null;
  const ask = pinger(ping, timeoutMs);
  return {
    tick: () => {
      ticked = now();
    },
    live: () => {
      const age = ticked === null ? 0 : now() - ticked;
      return age <= staleMs
        ? { ok: true, text: 'alive' }
        : { ok: false, text: `no tick for ${Math.round(age / 1_000)} s` };
    },
    // Probes of many balancers share one statement.
    ready: () => {
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
  };
}

/** A hung PostgreSQL is asked once and not again before it has answered: each question may hold a connection. */
function pinger(ping: () => Promise<unknown>, timeoutMs: number): () => Promise<HealthAnswer> {
  let pending = false;
  const down: HealthAnswer = { ok: false, text: 'PostgreSQL does not answer' };
  return () => {
    if (pending) return Promise.resolve(down);
    pending = true;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, down);
      const end = (answer: HealthAnswer): void => {
        pending = false;
        clearTimeout(timer);
        resolve(answer);
      };
      void Promise.resolve()
        .then(ping)
        .then(
          () => end({ ok: true, text: 'ready' }),
          () => end(down),
        );
    });
  };
}

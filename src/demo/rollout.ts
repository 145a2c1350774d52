/** Which deploy may run when: what a team's pipeline would do as the migrations go on. */
import type { Status } from '#api';
import type { Version } from './deploys/messages.js';
import type { Traffic } from './traffic.js';

/** New columns are writable from expand on and readable from settling on. */
const WRITABLE = ['backfilling', 'settling', 'gated', 'contracting', 'done'];
const READABLE = ['settling', 'gated', 'contracting', 'done'];

/** Starts v2 when every migration has expanded, and v3 when every row of every migration has its new values. */
export class Rollout {
  readonly #traffic: Traffic;
  readonly #say: (text: string) => void;
  #last: Promise<void> = Promise.resolve();
  #next: Version = 2;

  constructor(traffic: Traffic, say: (text: string) => void) {
    this.#traffic = traffic;
    this.#say = say;
  }

  /** Told of each look at the runs; returns at once. */
  follow({ migrations }: Status): void {
    const all = (states: readonly string[]) => migrations.every(({ state }) => states.includes(state));
    if (this.#next === 2 && all(WRITABLE)) this.#start(2, 'writes both shapes, reads the old one');
    else if (this.#next === 3 && all(READABLE)) this.#start(3, 'knows the new shape only');
  }

  /** Resolves when all that was started works; throws what kept one from it. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #start(version: 2 | 3, what: string): void {
    this.#next = 3;
    if (version === 3) this.#next = 1;
    this.#last = this.#last.then(async () => {
      await this.#traffic.start(version);
      this.#say(`app/${version} is deployed beside the others: it ${what}`);
    });
    // `settled` throws it; until then nobody listens.
    this.#last.catch(() => undefined);
  }
}

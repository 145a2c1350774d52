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
  #newest: Version = 1;

  constructor(traffic: Traffic, say: (text: string) => void) {
    this.#traffic = traffic;
    this.#say = say;
  }

  /** Told of each look at the runs; returns at once. */
  follow({ migrations }: Status): void {
    const all = (states: readonly string[]) => migrations.every(({ state }) => states.includes(state));
    if (this.#newest === 1 && all(WRITABLE)) this.#start(2, 'writes both shapes and reads the old one');
    if (this.#newest === 2 && all(READABLE)) this.#start(3, 'knows the new shape only');
  }

  /** Resolves when all that was started works; throws what kept one from it. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #start(version: 2 | 3, what: string): void {
    this.#newest = version;
    this.#last = this.#last.then(async () => {
      await this.#traffic.start(version);
      this.#say(`app/${version} is deployed beside the others: it ${what}`);
    });
    // `settled` throws it; until then it must not count as unhandled.
    this.#last.catch(() => undefined);
  }
}

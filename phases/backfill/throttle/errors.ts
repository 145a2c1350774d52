import { inWords } from '#core/duration';
import { defineSignal } from './signal.js';

/**
 * The breaker. A shortage of the server (disk, memory, connections), or batches that fail one after the other, hold the pace
 * for a while; then one batch tries, and its commit closes the breaker.
 */
export const errors = defineSignal({
  id: 'errors',
  defaultOn: true,
  limits: { failures: 20, restSeconds: 30 },
  open:
    () =>
    async ({ failures: { inARow, shortage, at }, limits: { failures, restSeconds }, now }) => {
      const rested = now - at >= restSeconds * 1_000;
      const broken = shortage !== null || inARow >= failures;
      const stop = broken && !rested;
      const what =
        shortage !== null
          ? `the server is short: ${shortage}`
          : `${inARow} batches failed one after the other (limit ${failures})`;
      return {
        value: inARow,
        limit: failures,
        verdict: stop ? 'stop' : 'go',
        utilisation: stop ? 1 : 0,
        text: what,
        release: `a batch commits; the next is tried after ${inWords(restSeconds)}`,
      };
    },
});

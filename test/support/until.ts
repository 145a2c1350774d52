export interface UntilOptions {
  /** Default: 10,000. */
  readonly timeoutMs?: number;
  /** Default: 20. */
  readonly everyMs?: number;
  /** What is waited for, as it shall stand in the message: `the standby to stream`. */
  readonly what?: string;
}

/**
 * Asks until the answer is neither false, null nor undefined, and returns it. A question that throws counts as "not
 * yet"; what it last answered or threw is in the message when the time is over.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = 'the condition' }: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  let last = 'it was never answered';
  do {
    try {
      const answer = await ask();
      if (holds(answer)) return answer;
      last = `last answer: ${String(answer)}`;
    } catch (error) {
      last = `last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  } while (Date.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms for ${what}; ${last}`);
}

function holds<T>(answer: T): answer is Exclude<T, false | null | undefined> {
  return answer !== false && answer !== null && answer !== undefined;
}

import type { Context } from './context.js';

/** Ends a session that stands in the way; the history keeps who did it and why. */
export async function kill(
  context: Context,
  pid: number,
  options: { readonly reason?: string } = {},
): Promise<void> {
  await context.endSession(pid);
  await context.store.record({
    actor: context.actor,
    migration: null,
    runId: null,
    action: 'kill',
    detail: { pid, reason: options.reason ?? null },
  });
}

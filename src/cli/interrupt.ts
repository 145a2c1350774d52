import { InterruptedError } from './errors.js';
import type { Io, StopSignal } from './io.js';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The signal that was received; null: none. */
  received(): StopSignal | null;
}

/**
 * Gives `work` an AbortSignal that SIGINT and SIGTERM abort.
 *
 * @throws InterruptedError where the work gave up because of it; any other failure as it is
 */
export async function interruptible<R>(io: Io, work: (interrupt: Interrupt) => Promise<R>): Promise<R> {
  const controller = new AbortController();
  let received: StopSignal | null = null;
  const release = io.onSignal?.((signal) => {
    received ??= signal;
    controller.abort(new InterruptedError(received));
  });
  try {
    return await work({ signal: controller.signal, received: () => received });
  } catch (error) {
    if (received !== null && isAbort(error)) throw new InterruptedError(received);
    throw error;
  } finally {
    release?.();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof InterruptedError || (error instanceof Error && error.name === 'AbortError');
}

/** 130 for Ctrl-C, as shells expect it; a polite SIGTERM of an orchestrator is no failure of what can be gone on with. */
export function exitOfSignal(signal: StopSignal, onTerm: number): number {
  return signal === 'SIGINT' ? 130 : onTerm;
}

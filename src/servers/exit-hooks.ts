import { rmSync } from 'node:fs';
import { startOf } from './process-facts.js';

/** How long all servers together get to end while this process exits: nothing else can go on meanwhile. */
const OBEY_MS = 5_000;

const servers = new Map<number, NodeJS.Signals>();
const folders = new Set<string>();

/** From now on this server gets `signal` when this process ends without having stopped it. */
export function endWithUs(pid: number, signal: NodeJS.Signals): void {
  installHooks();
  servers.set(pid, signal);
}

export function forgetServer(pid: number): void {
  servers.delete(pid);
}

/** From now on this folder is removed when this process ends. */
export function removeWithUs(folder: string): void {
  installHooks();
  folders.add(folder);
}

export function forgetFolder(folder: string): void {
  folders.delete(folder);
}

let installed = false;

function installHooks(): void {
  if (installed) return;
  installed = true;
  process.on('exit', endAllNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = () => {
      // Somebody else listens: it is theirs to decide, and the exit hook follows if they exit.
      if (process.listenerCount(signal) > 1) return;
      endAllNow();
      process.removeListener(signal, onSignal);
      process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
}

/** Nothing asynchronous runs any more when a process exits, hence signals and waiting in one go. */
function endAllNow(): void {
  for (const [pid, signal] of servers) trySignal(pid, signal);
  const deadline = Date.now() + OBEY_MS;
  for (const pid of servers.keys()) {
    while (startOf(pid) !== undefined && Date.now() < deadline) sleepSync(5);
    trySignal(pid, 'SIGKILL');
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  servers.clear();
  folders.clear();
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Gone already is what was wanted, so a missing process is no error. */
export function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

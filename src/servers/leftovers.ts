import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { trySignal } from './exit-hooks.js';
import { temporaryBase } from './folders.js';
import { pidNamespace, startOf } from './process-facts.js';

const OBEY_MS = 10_000;

/** `bellows-<namespace>-<process>-<start>-<random>`: see `createRunFolder`. */
const RUN_FOLDER = /^bellows-(\d+)-(\d+)-(\d+)-\w+$/;

let swept: Promise<void> | undefined;

/** `sweep`, once in the life of this process. */
export function sweepOnce(): Promise<void> {
  swept ??= sweep();
  return swept;
}

/**
 * Ends the servers and removes the folders of owners that died without doing so: killed where the system cannot tell
 * a child that its parent is gone. Only folders of this user and this process namespace are looked at.
 */
export async function sweep(): Promise<void> {
  const base = await temporaryBase();
  for (const name of await readdir(base)) {
    const [, namespace, pid, start] = RUN_FOLDER.exec(name) ?? [];
    if (namespace !== pidNamespace() || startOf(Number(pid)) === Number(start)) continue;
    const facts = await lstat(join(base, name)).catch(() => undefined);
    if (facts?.isDirectory() && facts.uid === (process.getuid?.() ?? 0)) await endLeftover(join(base, name));
  }
}

async function endLeftover(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'server.pid'), 'utf8').catch(() => '');
  const [pid = 0, start = 0] = text.split(' ').map(Number);
  const alive = () => pid > 0 && startOf(pid) === start;
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!alive()) break;
    trySignal(pid, signal);
    for (const deadline = Date.now() + OBEY_MS; alive() && Date.now() < deadline; ) await pause(20);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

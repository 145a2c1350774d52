import { fileURLToPath } from 'node:url';
import { type SpawnedNode, spawnNode } from '../support/processes.js';

const BELLOWS = fileURLToPath(new URL('../../src/cli/bellows.ts', import.meta.url));

/** The command as a process of its own, in a project folder. */
export function spawnBellows(
  args: readonly string[],
  {
    cwd,
    url,
    env = {},
  }: { readonly cwd: string; readonly url: string; readonly env?: Readonly<Record<string, string>> },
): SpawnedNode {
  return spawnNode([BELLOWS, ...args], {
    cwd,
    env: { DATABASE_URL: url, BELLOWS_ENV: undefined, CI: undefined, GITHUB_ACTIONS: undefined, ...env },
  });
}

import type { VerbGroup } from './cli.js';

/** What scripts and prompts call again and again answers without loading the code of all others. */
const OFTEN: Readonly<Record<string, () => Promise<VerbGroup>>> = {
  status: async () => ({ group: 'Run:', verbs: [(await import('./verbs/status.js')).status] }),
  up: async () => ({ group: 'Run:', verbs: [(await import('./verbs/up.js')).up] }),
};

/** The verbs that these arguments can mean: one where it is named first, else all. */
export async function wantedVerbs([first = '']: readonly string[]): Promise<readonly VerbGroup[]> {
  const one = Object.hasOwn(OFTEN, first) ? OFTEN[first] : undefined;
  return one === undefined ? (await import('./verbs/index.js')).VERBS : [await one()];
}

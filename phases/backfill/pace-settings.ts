import type { PaceSettings } from '#ports';

const DEFAULT_PACE: PaceSettings = { concurrency: 1, targetMs: 100, rowsPerSecond: null };

/** The run row's `pace`: what is not set has its default. */
export function paceOf(stored: unknown): PaceSettings {
  const value = typeof stored === 'object' && stored !== null ? stored : {};
  const number = (key: string) => {
    const found = Object.entries(value).find(([name]) => name === key)?.[1];
    return typeof found === 'number' && found > 0 ? found : null;
  };
  return {
    concurrency: number('concurrency') ?? DEFAULT_PACE.concurrency,
    targetMs: number('targetMs') ?? DEFAULT_PACE.targetMs,
    rowsPerSecond: number('rowsPerSecond'),
  };
}

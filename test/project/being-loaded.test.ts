import { afterEach, expect, it, vi } from 'vitest';
import { endedWhileLoading, whileLoading } from '#project/being-loaded';

afterEach(() => {
  vi.useRealTimers();
});

it('gives a file up that is not loaded within a minute, also where something keeps the process alive', async () => {
  vi.useFakeTimers();
  const loading = whileLoading('migrations/a.ts', () => new Promise(() => undefined));
  const refused = expect(loading).rejects.toMatchObject({ code: 'BELLOWS_FILE_UNSETTLED' });
  await vi.advanceTimersByTimeAsync(59_000);
  expect(endedWhileLoading(false)).toMatchObject({ code: 'BELLOWS_FILE_ENDED' });
  await vi.advanceTimersByTimeAsync(1_000);
  await refused;
  expect(endedWhileLoading(false)).toBeNull();
});

it('waits for nothing once a file is loaded', async () => {
  vi.useFakeTimers();
  expect(await whileLoading('migrations/a.ts', async () => 7)).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});

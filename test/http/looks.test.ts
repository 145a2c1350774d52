import { expect, it } from 'vitest';
import type { Operations } from '#api';
import { createLooks } from '#http/control/looks';
import { unreachable } from '../cli/outside.js';

/** Verbs whose status is asked by hand. */
function verbs(status: () => Promise<{ readonly migrations: readonly [] }>): Operations {
  return { ...unreachable(), status };
}

it('a hundred pages that ask at once are one question, and so are those within two seconds', async () => {
  let [asked, now] = [0, 0];
  const looks = createLooks(
    verbs(async () => {
      asked += 1;
      return { migrations: [] };
    }),
    () => now,
  );
  const answers = await Promise.all(Array.from({ length: 100 }, () => looks.status()));
  expect(new Set(answers).size).toBe(1);
  now += 1_999;
  await looks.status();
  expect(asked).toBe(1);
  now += 1;
  await looks.status();
  expect(asked).toBe(2);
  // Whoever changed something sees it.
  looks.forget();
  await looks.status();
  expect(asked).toBe(3);
});

it('a question that hangs is asked once, however long it hangs; one that failed is asked again', async () => {
  let [asked, now] = [0, 0];
  let fail: (error: Error) => void = () => undefined;
  const hanging = () => {
    asked += 1;
    return new Promise<{ readonly migrations: readonly [] }>((_, reject) => {
      fail = reject;
    });
  };
  const looks = createLooks(verbs(hanging), () => now);
  const waiting = [looks.status()];
  now += 3_600_000;
  waiting.push(looks.status(), looks.status());
  expect(asked).toBe(1);
  fail(new Error('gone'));
  expect(await Promise.allSettled(waiting)).toEqual(
    Array.from({ length: 3 }, () => expect.objectContaining({ status: 'rejected' })),
  );
  void looks.status().catch(() => undefined);
  expect(asked).toBe(2);
});

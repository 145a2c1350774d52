import { ConditionError } from '#core/errors';
import type { Context } from './context.js';
import { readStatus } from './status.js';

const READABLE = new Set(['settling', 'gated', 'contracting', 'done']);

/** For an application's start: throws unless the new shape of every migration may be read. */
export async function assertUpToDate(context: Context): Promise<void> {
  const { migrations } = await readStatus(context);
  const behind = migrations.filter((m) => !READABLE.has(m.state));
  if (behind.length === 0) return;
  throw new ConditionError(
    'BELLOWS_NOT_UP_TO_DATE',
    {
      what: `The database is behind this code: ${behind.map((m) => `${m.id} is ${m.state}`).join(', ')}.`,
      why: 'New columns may be read once their migration settles; before that rows may still lack them.',
      left: 'Nothing was changed.',
      next: 'bellows up, then start the application.',
    },
    { behind: behind.map((m) => m.id) },
  );
}

import { expect, it } from 'vitest';
import type { Cli } from '#cli/cli';
import { narrate, narrateQueue } from '#cli/narrate';
import type { EventMap } from '#core/events';

const attempt = (outcome: 'ok' | 'lock_timeout', ageSeconds: number): EventMap['step:attempt'] => ({
  migration: 'm',
  step: 'contract/cut',
  outcome,
  lockWaitSeconds: 0.5,
  lockHeldSeconds: null,
  queued: 0,
  blockers:
    outcome === 'ok'
      ? []
      : [{ pid: 7, application: 'reports', user: 'bi', state: 'idle in transaction', ageSeconds, query: '' }],
});

it('names who holds the lock, once, and how to end it', () => {
  const notes: string[] = [];
  const listener = narrate({ note: (line: string) => notes.push(line) } as Partial<Cli> as Cli);
  listener('step:attempt', attempt('lock_timeout', 3));
  listener('step:attempt', attempt('lock_timeout', 9));
  listener('step:attempt', attempt('ok', 0));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(
    /^m: contract\/cut waits for a lock held by pid 7 app=reports user=bi idle in transaction; /,
  );
  expect(notes[0]).toContain('bellows kill 7');
});

it('tells of a queue that is away, and leaves locks to whoever shows them', () => {
  const notes: string[] = [];
  const listener = narrateQueue({ note: (line: string) => notes.push(line) } as Partial<Cli> as Cli);
  listener('step:attempt', attempt('lock_timeout', 3));
  listener('queue:error', { message: 'refused' });
  expect(notes).toEqual(['the queue: refused']);
});

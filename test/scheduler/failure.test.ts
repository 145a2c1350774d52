import { describe, expect, it } from 'vitest';
import { BellowsError } from '#core/errors';
import { unavailable } from '#queue/errors';
import { failureOf } from '#scheduler/failure';

describe('what an error means for a run', () => {
  it('an outage of the queue or of a connection passes by itself', () => {
    expect(failureOf(unavailable('BullMQ on Redis', 'refused'), 'm')).toBe('passing');
    expect(failureOf(new BellowsError('BELLOWS_PG_LOST', { what: 'lost' }, { sqlstate: '08006' }), 'm')).toBe(
      'passing',
    );
    expect(failureOf(new BellowsError('BELLOWS_PG_UNREACHABLE', { what: 'away' }), 'm')).toBe('passing');
  });

  it('a refusal stops it, with its own words', () => {
    const error = new BellowsError('BELLOWS_DDL', { what: 'no', next: 'drop it' });
    expect(failureOf(error, 'm')).toEqual({ code: 'BELLOWS_DDL', message: 'no', next: 'drop it' });
  });

  it('an error of another library is told without its message: it may quote a row', () => {
    const failure = failureOf(new Error('secret'), 'm');
    expect(JSON.stringify(failure)).not.toContain('secret');
    expect(failure).toMatchObject({ code: expect.stringContaining('BELLOWS_') });
  });
});

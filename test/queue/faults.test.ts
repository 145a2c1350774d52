import { describe, expect, it } from 'vitest';
import { faultJudge, type Verdict } from '#queue/faults';

const coded = (code: string, message = 'it failed') => Object.assign(new Error(message), { code });

/** The verdicts over errors that come at these times, in milliseconds. */
function verdicts(error: Error, times: readonly number[]): readonly Verdict[] {
  const judge = faultJudge();
  return times.map((now) => judge(error, error.message, now));
}

const quick = [0, 10, 20, 30, 40];
const five = (last: Verdict): readonly Verdict[] => ['ignore', 'ignore', 'ignore', 'ignore', last];

describe('the judge of queue errors', () => {
  it('stops at the fifth of the same errors within a second', () => {
    expect(verdicts(coded('42883'), quick)).toEqual(five('stop'));
    expect(verdicts(new Error('NOAUTH Authentication required.'), quick)).toEqual(five('stop'));
    expect(verdicts(coded('42883'), [0, 250, 500, 750, 1000])).toEqual(five('stop'));
  });

  it('lets slower ones be', () => {
    expect(verdicts(coded('42883'), [0, 250, 500, 750, 1001, 1300])).not.toContain('stop');
  });

  it('rests where time helps', () => {
    for (const error of [
      coded('57P03'),
      coded('53300'),
      coded('ECONNRESET'),
      new Error('LOADING Redis is loading the dataset in memory'),
      new Error("READONLY You can't write against a read only replica."),
      new Error('Connection terminated unexpectedly'),
      new Error('timeout exceeded when trying to connect'),
    ])
      expect(verdicts(error, quick)).toEqual(five('rest'));
  });

  it('takes refused connections for what they are, however many', () => {
    expect(verdicts(coded('ECONNREFUSED'), [...quick, ...quick])).not.toContain('stop');
    expect(verdicts(new Error('connect ECONNREFUSED 127.0.0.1:6379'), quick)).not.toContain('rest');
  });

  it('counts each error by itself', () => {
    const judge = faultJudge();
    const all = quick.flatMap((now) => [
      judge(coded('1'), 'job 1 is gone', now),
      judge(coded('2'), 'job 2 is gone', now),
    ]);
    expect(all.filter((verdict) => verdict === 'stop')).toHaveLength(2);
    const apart = faultJudge();
    expect(quick.map((now) => apart(new Error(`job ${now}`), `job ${now}`, now))).not.toContain('stop');
  });
});

import type { Signal } from './signal.js';

/** A pause is the run's state, so it survives every process; the fence of the batches reads the same row. */
export const operator: Signal = {
  id: 'operator',
  defaultOn: true,
  read: async ({ database, runId }) => {
    const rows = await database.query<{ by: string | null; reason: string | null }>(
      `select state ->> 'by' as by, state ->> 'reason' as reason
      from bellows.runs
      where id = $1
        and state_kind = 'paused'`,
      [runId],
    );
    const paused = rows[0];
    const value = paused === undefined ? 0 : 1;
    return {
      value,
      limit: 1,
      verdict: paused === undefined ? 'go' : 'stop',
      utilisation: value,
      text:
        paused === undefined ? 'not paused' : `paused by ${paused.by ?? 'somebody'}: ${paused.reason ?? ''}`,
      release: 'bellows resume',
    };
  },
};

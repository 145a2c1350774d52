import { defineSignal } from './signal.js';

/** A pause is the run's state, so it survives every process; the fence of the batches reads the same row. */
export const operator = defineSignal({
  id: 'operator',
  defaultOn: true,
  limits: {},
  open:
    () =>
    async ({ database, run }) => {
      const rows = await database.query<{ by: string | null; reason: string | null }>(
        `select state ->> 'by' as by, state ->> 'reason' as reason
        from bellows.runs
        where id = $1
          and state_kind = 'paused'`,
        [run.id],
      );
      const paused = rows[0];
      const value = paused === undefined ? 0 : 1;
      return {
        value,
        limit: 1,
        verdict: paused === undefined ? 'go' : 'stop',
        utilisation: value,
        text:
          paused === undefined
            ? 'not paused'
            : `paused by ${paused.by ?? 'somebody'}: ${paused.reason ?? ''}`,
        release: `somebody resumes it: bellows resume ${run.migration}`,
      };
    },
});

import { fail, notApplicable, pass, unknown } from '#core/gate';
import { innerState } from '#core/state';
import { type GateCheck, waived } from './check.js';

/** The gate was first reached long enough ago, by the database's clock. */
export const soak: GateCheck = {
  id: 'soak',
  evaluate: async (context) => {
    const off = waived(context);
    if (off !== null) return off;
    const { run, now } = context;
    const { soakSeconds } = run.plan.gate;
    if (soakSeconds === 0) return notApplicable('no soak is declared');
    const state = innerState(run.state);
    if (state.kind !== 'gated' && state.kind !== 'contracting') {
      return fail(
        `the gate has not been reached: the run is ${state.kind}`,
        `bellows status ${run.migration}`,
      );
    }
    const elapsed = Math.floor((Date.parse(now) - Date.parse(state.since)) / 1_000);
    if (!Number.isFinite(elapsed))
      return unknown(
        `the times ${state.since} and ${now} cannot be compared`,
        `bellows status ${run.migration}`,
      );
    const evidence = `${duration(elapsed)} of ${duration(soakSeconds)} since ${state.since}`;
    if (elapsed >= soakSeconds) return pass(evidence);
    const until = new Date(Date.parse(state.since) + soakSeconds * 1_000).toISOString();
    return fail(evidence, `wait until ${until}`);
  },
};

/** `45s`, `1h 30m`, `7d`. */
function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const text = parts.flatMap(([n, unit]) => (n === 0 ? [] : [`${n}${unit}`])).join(' ');
  return text === '' ? '0s' : text;
}

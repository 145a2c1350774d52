import { fail, notApplicable, pass, unknown } from '#core/gate';
import { displayTable } from '#core/identifier';
import { fingerprinted } from '#core/plan';
import { latestVerification } from '../verify-record.js';
import type { GateCheck } from './check.js';

/** The catalogue entries of the run's tables are as they were when the newest verification began. */
export const fingerprint: GateCheck = {
  id: 'fingerprint',
  evaluate: async ({ database, catalogue, run }) => {
    const { backfills, tables } = run.plan;
    if (backfills.length === 0)
      return notApplicable('the plan has no backfill, so no evidence rests on the catalogue');
    const verified = await latestVerification(database, run.id);
    const again = `bellows verify ${run.migration}`;
    if (verified === null) return unknown('no verification has recorded the catalogue', again);
    const now = await catalogue.fingerprint(fingerprinted(run.plan));
    const names = tables.map(displayTable).join(', ');
    const short = (digest: string) => digest.slice(0, 12);
    if (now === verified.fingerprint)
      return pass(`${names}: ${short(now)}, as verification ${verified.id} recorded it`);
    return fail(
      `${names}: ${short(now)}, but verification ${verified.id} recorded ${short(verified.fingerprint)}: columns, constraints, indexes, triggers or partitions were changed since`,
      `if the change was meant: ${again}`,
    );
  },
};

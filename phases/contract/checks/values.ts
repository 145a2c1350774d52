import { fail, pass, unknown } from '#core/gate';
import { catchesUp, fingerprinted, isTransform } from '#core/plan';
import { latestVerification, type VerificationRow } from '../verify-record.js';
import { count, type GateCheck, type GateContext, NO_BACKFILL, syncedBackfills } from './check.js';

/**
 * Both sides hold the same, by the newest full verification. It stays valid while the sync trigger, the catalogue and the
 * checksum are as they were: the trigger keeps every later write right.
 */
export const values: GateCheck = {
  id: 'values',
  evaluate: async (context) => {
    const { database, catalogue, run } = context;
    if (run.plan.backfills.length === 0) return NO_BACKFILL;
    const verified = await latestVerification(database, run.id);
    const again = `bellows verify ${run.migration}`;
    if (verified === null) return unknown('no verification has been finished', again);
    const numbers = numbersOf(context, verified);
    if (verified.checksum !== run.checksum) {
      return fail(`${numbers}; it was made for another version of the file`, again);
    }
    const writtenAfter = await batchesAfter(context, verified);
    if (writtenAfter > 0)
      return fail(`${numbers}; ${count(writtenAfter, 'batch', 'batches')} moved rows after it`, again);
    if ((await catalogue.fingerprint(fingerprinted(run.plan))) !== verified.fingerprint) {
      return fail(`${numbers}; the catalogue has changed since`, again);
    }
    return verified.mismatched > 0 ? fail(numbers, repair(run.migration)) : pass(numbers);
  },
};

function numbersOf(context: GateContext, verified: VerificationRow): string {
  const synced = syncedBackfills(context);
  const groups = synced.flatMap((b) => b.groups);
  const byValue = groups.filter((group) => group.verifiable).length;
  const mappings = groups.length + synced.filter(isTransform).length;
  return [
    `verification ${verified.id} (${verified.finishedAt}): ${count(verified.rows, 'row')}`,
    `${verified.mismatched} mismatched`,
    `${verified.bothDisagree} given on both sides and disagreeing (left to the application)`,
    ...(verified.coverageOnly
      ? [`${byValue} of ${mappings} mappings by value, the others for coverage only`]
      : []),
  ].join(', ');
}

/**
 * Those of a catch-up go on until contract. A transform's values cannot be verified by any of us; a copy's are made again of
 * what the source says.
 */
async function batchesAfter({ database, run }: GateContext, verified: VerificationRow): Promise<number> {
  const [row] = await database.query<{ batches: number }>(
    `select count(*) as batches
     from bellows.batches b
     join bellows.verifications v on v.id = $2
     join bellows.ranges r on r.id = b.range_id
     where b.run_id = $1
     and b.committed_at > v.started_at
     and b.rows > 0
     and r.backfill <> all ($3::integer[])`,
    [run.id, verified.id, run.plan.backfills.filter(catchesUp).map((b) => b.index)],
  );
  return row?.batches ?? 0;
}

function repair(migration: string): string {
  return `bellows verify ${migration} --repair, or correct the rows and bellows verify ${migration}`;
}

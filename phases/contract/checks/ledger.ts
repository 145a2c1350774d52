import { fail, pass } from '#core/gate';
import { displayTable } from '#core/identifier';
import { type BackfillPlan, catchesUp } from '#core/plan';
import type { Row } from '#ports';
import { count, type GateCheck, type GateContext, NO_BACKFILL } from './check.js';

interface PassRow extends Row {
  readonly pass: number;
  readonly ranges: number;
  readonly open: number;
  readonly unfinished: number;
  readonly gaps: number;
  readonly overlaps: number;
  readonly rows: number;
  readonly left: number;
}

/**
 * Ranges of keys fit together by their keys: each begins below the lowest of the one before.
 * Ranges of a leaf that was rewritten are void and planned again within their pass, so only the others must fit
 * together.
 */
const PASSES = `
select
  pass,
  count(*) as ranges,
  count(*) filter (where state = 'open') as open,
  count(*) filter (where state = 'done' and cursor < hi) as unfinished,
  count(*) filter (where case kind when 'keys' then key_from is distinct from key_before else lo > before end) as gaps,
  count(*) filter (where kind <> 'keys' and lo < before) as overlaps,
  coalesce(sum(moved.rows), 0)::bigint as rows,
  coalesce(sum(moved.left_behind), 0)::bigint as left
from (
  select
    *,
    coalesce(lag(hi) over (partition by pass, leaf order by lo, hi), 0) as before,
    lag(key_to) over (partition by pass, leaf order by id) as key_before
  from bellows.ranges
  where run_id = $1
  and backfill = $2
  and state <> 'void'
) as r
left join lateral (
  select sum(b.rows) as rows, sum(b.left_behind) as left_behind
  from bellows.batches b
  where b.range_id = r.id
) as moved on true
group by pass
order by pass`;

/** The ranges cover each pass without gap or overlap, none is open, and the newest sweep found nothing. */
export const ledger: GateCheck = {
  id: 'ledger',
  evaluate: async (context) => {
    const { backfills } = context.run.plan;
    if (backfills.length === 0) return NO_BACKFILL;
    const judged = await Promise.all(backfills.map((b) => judge(context, b)));
    const faults = judged.flatMap((j) => j.faults);
    if (faults.length === 0) return pass(judged.map((j) => j.evidence).join('; '));
    const broken = judged.some((j) => j.broken);
    return fail(faults.join('; '), release(context, broken));
  },
};

async function judge({ database, run }: GateContext, backfill: BackfillPlan) {
  const passes = await database.query<PassRow>(PASSES, [run.id, backfill.index]);
  const table = displayTable(backfill.table);
  const last = passes.at(-1);
  if (last === undefined)
    return { evidence: '', faults: [`${table}: no range was ever planned`], broken: false };
  const faults = passes.flatMap(faultsOf).map((fault) => `${table}: ${fault}`);
  const evidence =
    `${table}: ${count(
      passes.reduce((sum, p) => sum + p.ranges, 0),
      'range',
    )} in ${count(passes.length, 'pass', 'passes')} ` +
    `cover the table, ${count(
      passes.reduce((sum, p) => sum + p.rows, 0),
      'row',
    )} moved; ${catchesUp(backfill) ? 'what comes later is caught up with' : `sweep ${last.pass} found ${last.rows}`}`;
  const ofSweep = catchesUp(backfill) ? unswept(last) : [...unswept(last), ...sweepFaults(last, backfill)];
  const broken = passes.some((p) => p.unfinished > 0 || p.gaps > 0 || p.overlaps > 0);
  return { evidence, faults: [...faults, ...ofSweep.map((fault) => `${table}: ${fault}`)], broken };
}

function faultsOf(p: PassRow): readonly string[] {
  return [
    ...(p.open > 0 ? [`pass ${p.pass} has ${count(p.open, 'open range')} of ${p.ranges}`] : []),
    ...(p.unfinished > 0 ? [`pass ${p.pass} has ${count(p.unfinished, 'range')} closed before its end`] : []),
    ...(p.gaps > 0 ? [`pass ${p.pass} has ${count(p.gaps, 'gap')} between its ranges`] : []),
    ...(p.overlaps > 0 ? [`pass ${p.pass} has ${count(p.overlaps, 'overlap')} between its ranges`] : []),
  ];
}

function unswept(last: PassRow): readonly string[] {
  return last.pass < 2 ? ['no sweep has followed the walk'] : [];
}

function sweepFaults(last: PassRow, { kind }: BackfillPlan): readonly string[] {
  return [
    ...(last.rows > 0 && kind !== 'purge'
      ? [`sweep ${last.pass} still moved ${count(last.rows, 'row')}`]
      : []),
    ...(last.left > 0 ? [`sweep ${last.pass} left ${count(last.left, 'row')} behind`] : []),
  ];
}

/** Open ranges are the work that is left; no work leaves gaps. */
function release({ run }: GateContext, broken: boolean): string {
  return broken
    ? `the ledger was changed by hand: bellows rollback ${run.migration}`
    : `let the backfill end (bellows status ${run.migration})`;
}

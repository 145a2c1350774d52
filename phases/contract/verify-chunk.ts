/** Judges the rows of a few blocks, in a short read-only transaction of its own: no snapshot is held for longer. */
import { literal, quote, quoteTable } from '#core/identifier';
import type { BackfillPlan } from '#core/plan';
import type { Database, Row, TransactionLimits } from '#ports';
import type { Leaf } from '../backfill/leaves.js';
import { letterOf, letterOfRaised, overAlias, type RowText, type Side } from './verify-letter.js';

export interface Counts {
  readonly rows: number;
  /** Still to be done, and not put aside. */
  readonly pending: number;
  /** In quarantine, or skipped by an operator. */
  readonly aside: number;
  readonly mismatched: number;
  readonly bothDisagree: number;
}
export const NO_ROWS: Counts = { rows: 0, pending: 0, aside: 0, mismatched: 0, bothDisagree: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    rows: a.rows + b.rows,
    pending: a.pending + b.pending,
    aside: a.aside + b.aside,
    mismatched: a.mismatched + b.mismatched,
    bothDisagree: a.bothDisagree + b.bothDisagree,
  };
}

/** A mismatched row as it was seen: address and xmin together tell whether it is still the same version. */
export interface WrongRow {
  readonly tid: string;
  readonly xmin: string;
  readonly marker: string;
}

export interface Target {
  readonly backfill: BackfillPlan;
  readonly side: Side;
  readonly leaf: Leaf;
  /** SQL of a boolean over the alias `t`: the row is in quarantine or skipped. */
  readonly aside: string;
}

export interface Judged {
  readonly counts: Counts;
  readonly wrong: readonly WrongRow[];
}

/** Row security is off so that a policy makes the verification fail instead of hiding rows from it. */
const LIMITS: TransactionLimits = {
  readOnly: true,
  rowSecurity: false,
  lockTimeoutMs: 1_000,
  statementTimeoutMs: 60_000,
  idleInTransactionTimeoutMs: 10_000,
};

/**
 * One statement for all rows of the blocks from `lo` to before `hi`. Throws the server's error where an expression raises.
 *
 * @param list also return the mismatched rows
 */
export function judgeBlocks(
  database: Database,
  target: Target,
  lo: number,
  hi: number,
  list: boolean,
): Promise<Judged> {
  const span = [`(${lo},0)`, `(${hi},0)`];
  return database.transaction(LIMITS, async (tx) => {
    const [counted] = await tx.query(countText(target), span);
    const counts = countsOf(counted ?? {});
    const wrong =
      list && counts.mismatched > 0 ? (await tx.query(listText(target), span)).map(wrongRowOf) : [];
    return { counts, wrong };
  });
}

/** The same row by row, each in a block of its own: a row whose expression raises is counted like one that is wrong. */
export function judgeRows(
  database: Database,
  target: Target,
  lo: number,
  hi: number,
  list: boolean,
): Promise<Judged> {
  // One snapshot for the whole block: what is looked up for a row must be as old as the row.
  return database.transaction({ ...LIMITS, snapshot: true }, async (tx) => {
    await tx.query(`do ${literal(rowByRow(target, `(${lo},0)`, `(${hi},0)`, list))}`);
    const [row] = await tx.query<{ found: string }>(`select current_setting('bellows.verified') as found`);
    const found: unknown = JSON.parse(row?.found ?? '{}');
    const parsed = isRow(found) ? found : {};
    const wrong = Array.isArray(parsed.wrong) ? parsed.wrong.filter(isRow).map(wrongRowOf) : [];
    return { counts: countsOf(parsed), wrong };
  });
}

/** OFFSET 0 keeps the planner from pulling the subquery up, which would compute the mapping once for each count. */
function judgedRows({ backfill, side, leaf, aside }: Target): string {
  const marker = backfill.kind === 'synced' ? `t.${quote(backfill.marker)}::text` : `''::text`;
  return `(
  select t.ctid as tid, t.xmin as xmin, ${marker} as marker, ${letterOf(backfill, overAlias(aside), side)} as letter
  from only ${quoteTable(leaf.table)} as t
  where t.ctid >= $1::tid
    and t.ctid < $2::tid
  offset 0
) as judged`;
}

function countText(target: Target): string {
  return `select
  count(*) as rows,
  count(*) filter (where letter = 'p') as pending,
  count(*) filter (where letter = 'q') as aside,
  count(*) filter (where letter = 'm') as mismatched,
  count(*) filter (where letter = 'b') as both_disagree
from ${judgedRows(target)}`;
}

function listText(target: Target): string {
  return `select tid::text as tid, xmin::text as xmin, marker from ${judgedRows(target)} where letter = 'm'`;
}

/**
 * A DO block returns nothing, so the counts leave it as a setting of the transaction. A cancelled query and a statement
 * timeout are not caught by OTHERS, and end the block.
 */
function rowByRow({ backfill, side, leaf, aside }: Target, lo: string, hi: string, list: boolean): string {
  const row: RowText = {
    alias: 'scanned',
    column: (name) => `scanned.${quote(name)}`,
    aside: 'scanned."~bellows_aside"',
  };
  const marker = backfill.kind === 'synced' ? `${row.column(backfill.marker)}::text` : `''::text`;
  const entry = `json_build_object('tid', scanned."~bellows_tid"::text, 'xmin', scanned."~bellows_xmin"::text, 'marker', ${marker})`;
  const keep = list ? `\n      wrong := wrong || ${entry};` : '';
  return `
#variable_conflict use_column
declare
  scanned record;
  letter text;
  rows bigint := 0;
  pending bigint := 0;
  aside bigint := 0;
  mismatched bigint := 0;
  both_disagree bigint := 0;
  wrong json[] := '{}';
begin
  for scanned in
    select t.*, t.ctid as "~bellows_tid", t.xmin as "~bellows_xmin", ${aside} as "~bellows_aside"
    from only ${quoteTable(leaf.table)} as t
    where t.ctid >= ${literal(lo)}::tid
      and t.ctid < ${literal(hi)}::tid
  loop
    begin
      letter := ${letterOf(backfill, row, side)};
    exception when others or assert_failure then
      letter := ${letterOfRaised(backfill, row)};
    end;
    rows := rows + 1;
    if letter = 'p' then pending := pending + 1;
    elsif letter = 'q' then aside := aside + 1;
    elsif letter = 'b' then both_disagree := both_disagree + 1;
    elsif letter = 'm' then
      mismatched := mismatched + 1;${keep}
    end if;
  end loop;
  perform set_config('bellows.verified', json_build_object('rows', rows, 'pending', pending, 'aside', aside,
    'mismatched', mismatched, 'both_disagree', both_disagree, 'wrong', wrong)::text, true);
end`;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null;
}

function countsOf(row: Row): Counts {
  return {
    rows: Number(row.rows ?? 0),
    pending: Number(row.pending ?? 0),
    aside: Number(row.aside ?? 0),
    mismatched: Number(row.mismatched ?? 0),
    bothDisagree: Number(row.both_disagree ?? 0),
  };
}

function wrongRowOf(row: Row): WrongRow {
  return { tid: String(row.tid), xmin: String(row.xmin), marker: String(row.marker) };
}

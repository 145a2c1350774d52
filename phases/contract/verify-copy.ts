/**
 * The letters of a copy. Both tables are read by one statement, so in one snapshot: the trigger writes the target, or notes the
 * key, in the transaction that writes the source. A noted key is in order here, since the catch-up takes it and the gate counts it.
 */
import { quoteTable } from '#core/identifier';
import type { CopyPlan } from '#core/plan';
import { belongs, isCopied, waitsFor, waitsToReach } from '../expand/copied-row.js';
import { type RowText, sameAsComputed } from './verify-letter.js';

/** OFFSET: what is looked up for a row is computed once. */
export function sourceLetter(plan: CopyPlan, row: RowText): string {
  const wrong = plan.keepsOthers ? `'o'` : `case when exists (${copyOf(plan, row)}) then 'm' else 'o' end`;
  const compared = `case when ${sameAsComputed(plan.set, 'x', row)} then 'o' else 'm' end`;
  const found = `(select ${compared} from ${quoteTable(plan.target)} as x where ${belongs(plan, 'x', row.alias)})`;
  const judged = `case when ${isCopied(plan, row.alias)} then coalesce(${found}, 'p') else ${wrong} end`;
  const letter = `(select case when j.said <> 'o' and ${noted(plan, row)} then 'o' else j.said end from (select ${judged} as said offset 0) as j)`;
  return row.aside === 'false' ? letter : `case when ${row.aside} then 'q' else ${letter} end`;
}

export function raisedLetter(plan: CopyPlan, row: RowText): string {
  const letter = `case when ${noted(plan, row)} then 'o' else 'm' end`;
  return row.aside === 'false' ? letter : `case when ${row.aside} then 'q' else ${letter} end`;
}

/** Of a row of the target: the source must have the row that it belongs to. */
export function targetLetter(plan: CopyPlan, row: RowText): string {
  const source = `select from ${quoteTable(plan.table)} as s where ${belongs(plan, row.alias, 's')}`;
  const waits = `select from ${quoteTable(plan.waiting)} as w where ${waitsToReach(plan, 'w', row.alias)}`;
  return `case when exists (${source} offset 0) or exists (${waits}) then 'o' else 'm' end`;
}

function copyOf(plan: CopyPlan, { alias }: RowText): string {
  return `select from ${quoteTable(plan.target)} as x where ${belongs(plan, 'x', alias)}`;
}

function noted(plan: CopyPlan, { alias }: RowText): string {
  return `exists (select from ${quoteTable(plan.waiting)} as w where ${waitsFor(plan, 'w', alias)})`;
}

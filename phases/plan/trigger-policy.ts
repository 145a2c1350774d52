/** What the table's own AFTER and statement triggers do during the backfill: never decided silently. */

import type { ServerFacts, TableFacts } from '#core/catalogue-facts';
import { type Backfill, filledBy } from '#core/definition';
import { DefinitionError, RefusedError } from '#core/errors';
import { displayTable } from '#core/identifier';
import { refuseSkippedKeys } from './compile-purge.js';

/**
 * The user's triggers that the backfill would run and whose doings it cannot take back. What a BEFORE trigger changes of an
 * updated row is given back; a deleted row has nothing to give back to, and a copied one is new.
 */
export function sideEffectTriggers(
  facts: TableFacts,
  event: 'update' | 'delete' | 'copy',
): readonly string[] {
  return facts.triggers
    .filter((t) => !t.internal && t.enabled !== 'disabled' && !OURS.test(t.name))
    .filter((t) => (event === 'copy' ? t.events.some((e) => e !== 'truncate') : t.events.includes(event)))
    .filter((t) => event !== 'update' || t.timing === 'after' || t.level === 'statement')
    .map((t) => t.name);
}

/** Of another run: it knows what it does, and no author has to decide on it. */
const OURS = /^~bellows_\d+_\d+_/;

/** What the rows of a backfill are to the triggers of the table that they are written to. */
export function eventOf(backfill: Pick<Backfill, 'delete' | 'copy'>): 'update' | 'delete' | 'copy' {
  if (backfill.copy !== undefined) return 'copy';
  return backfill.delete === undefined ? 'update' : 'delete';
}

export function triggerPolicy(
  backfill: Backfill,
  facts: TableFacts,
  server: ServerFacts,
): 'none' | 'fire' | 'skip' {
  const named = sideEffectTriggers(facts, eventOf(backfill));
  if (backfill.triggers === undefined) {
    if (named.length > 0) throw undecided(facts, named);
    return 'none';
  }
  if (backfill.triggers === 'skip') refuseSkip(backfill, facts, server);
  return backfill.triggers;
}

function undecided(facts: TableFacts, named: readonly string[]): DefinitionError {
  return new DefinitionError({
    what: `${displayTable(facts.table)} has triggers that run for every row of the backfill: ${named.join(', ')}.`,
    why: 'What an AFTER or statement trigger does (audit rows, notifications) cannot be taken back, so the file must say what is wanted.',
    left: 'Nothing was changed.',
    next: "Say `triggers: 'fire'` in the backfill to run them, or `triggers: 'skip'` where the role may set session_replication_role.",
  });
}

function refuseSkip(backfill: Backfill, facts: TableFacts, server: ServerFacts): void {
  if (backfill.copy !== undefined) throw unskippable(facts);
  if (!server.canSkipTriggers) {
    throw new RefusedError({
      what: `The role ${server.role} may not skip triggers.`,
      why: 'Skipping needs SET of session_replication_role: a superuser, or from PostgreSQL 15 on a grant.',
      next: `grant set on parameter session_replication_role to ${server.role}; or say \`triggers: 'fire'\`.`,
    });
  }
  if (backfill.delete !== undefined) refuseSkippedKeys(facts);
  const filled = filledBy(backfill);
  const keyed = facts.constraints.find(
    (c) => c.kind === 'foreign key' && c.columns.some((name) => filled.includes(name)),
  );
  if (keyed === undefined) return;
  throw new RefusedError({
    what: `Triggers cannot be skipped: ${keyed.name} is a foreign key on a column that the backfill writes.`,
    why: 'Foreign keys are triggers too; skipping them could leave rows that point nowhere.',
    next: "Say `triggers: 'fire'` in the backfill.",
  });
}

function unskippable(facts: TableFacts): RefusedError {
  return new RefusedError({
    what: `Triggers of ${displayTable(facts.table)} cannot be skipped for copied rows.`,
    why: 'Rows are also written there by the copy trigger, in transactions of the application.',
    next: "Say `triggers: 'fire'` in the backfill.",
  });
}

/** What each statement of a transaction took, and which of them was the first to take each lock. */
import type { StatementCost } from '#core/events';
import type { Answer, Statement } from '#core/statement';
import type { SqlStatement } from '#parser/split';
import { createdBy, LOCKS_HELD, type Lock, locksOf, mayLockTables } from './locks-held.js';

/** A statement of the file, or the question which locks are held behind it. */
export interface Part extends Statement {
  readonly kind: 'statement' | 'locks';
  /** What it is, or what it asks about. */
  readonly statement: SqlStatement;
}

/** @param measuredHere false: nobody here has to know when each was done, and its record asks for the locks. */
export function partsOf(statements: readonly SqlStatement[], measuredHere: boolean): readonly Part[] {
  return statements.flatMap((statement): readonly Part[] => {
    const part = { kind: 'statement', statement, text: statement.text, atOnce: measuredHere } as const;
    if (!measuredHere || !mayLockTables(statement)) return [part];
    return [part, { kind: 'locks', statement, text: LOCKS_HELD, rows: true, atOnce: true }];
  });
}

export interface Metered {
  readonly line: number;
  readonly startedAt: number;
  readonly seconds: number;
  readonly locks: readonly Lock[];
}

/** @param from when they were sent */
export function meter(parts: readonly Part[], answers: readonly Answer[], from: number): readonly Metered[] {
  const seen = new Set<string>();
  return parts.flatMap(({ kind, statement }, i) => {
    if (kind === 'locks') return [];
    const startedAt = answers[i - 1]?.at ?? from;
    const seconds = ((answers[i]?.at ?? startedAt) - startedAt) / 1000;
    const asked = parts[i + 1]?.kind === 'locks' ? locksOf(answers[i + 1]?.rows ?? []) : [];
    const created = createdBy(statement);
    const locks = asked.filter((lock) => !seen.has(nameOf(lock)) && bare(lock.relation) !== created);
    for (const lock of asked) seen.add(nameOf(lock));
    return [{ line: statement.start.line, startedAt, seconds, locks }];
  });
}

function nameOf({ relation, mode }: Lock): string {
  return `${relation} ${mode}`;
}

/** `sales."Order"` → `Order` */
function bare(relation: string): string {
  return relation.replace(/^("[^"]*"|[^".]*)\./, '').replaceAll('"', '');
}

/** As it is now: locks are held until the transaction ends. */
export function costsOf(metered: readonly Metered[]): readonly StatementCost[] {
  return metered.map(({ line, startedAt, seconds, locks }) => {
    const heldSeconds = (performance.now() - startedAt) / 1000;
    return { line, seconds, locks: locks.map((lock) => ({ ...lock, heldSeconds })) };
  });
}

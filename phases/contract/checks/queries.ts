import { type Finding, fail, notApplicable, pass, unknown } from '#core/gate';
import { safeMessage } from '#core/sqlstate';
import type { Database } from '#ports';
import { count, type GateCheck } from './check.js';

const TIMEOUT_MS = 30_000;
/** More rows than this are not counted. */
const CAP = 1_000;

/** The user's own queries return no rows. */
export const queries: GateCheck = {
  id: 'queries',
  evaluate: async ({ database, run }) => {
    // jsonb keeps keys in an order of its own.
    const named = Object.entries(run.plan.gate.queries).sort();
    if (named.length === 0) return notApplicable('no query is declared');
    const answers: Answer[] = [];
    for (const [name, text] of named) answers.push(await ask(database, name, text));
    return judge(answers, run.migration);
  },
};

interface Answer {
  readonly name: string;
  /** Null where the query could not be run. */
  readonly rows: number | null;
  readonly error: string | null;
}

/** Read-only, and wrapped in a count: what a query returns belongs into no evidence. */
async function ask(database: Database, name: string, text: string): Promise<Answer> {
  const limits = { readOnly: true, rowSecurity: false, statementTimeoutMs: TIMEOUT_MS, lockTimeoutMs: 5_000 };
  // The line break ends a comment at the end of the query; a semicolon cannot stand inside.
  const inner = text.trim().replace(/;+$/, '');
  const counted = `select count(*) as rows from (select from (\n${inner}\n) as answer limit ${CAP + 1}) as capped`;
  try {
    const [row] = await database.transaction(limits, (tx) => tx.query<{ rows: number }>(counted));
    return { name, rows: row?.rows ?? 0, error: null };
  } catch (error) {
    return { name, rows: null, error: safeMessage(error) };
  }
}

function judge(answers: readonly Answer[], migration: string): Finding {
  const evidence = answers.map(sentence).join('; ');
  const failing = answers.filter(({ rows }) => rows !== null && rows > 0).map(({ name }) => name);
  if (failing.length > 0) {
    return fail(
      evidence,
      `correct the rows that ${failing.join(', ')} returns, then bellows gate ${migration}`,
    );
  }
  const unread = answers.filter(({ rows }) => rows === null).map(({ name }) => name);
  if (unread.length === 0) return pass(evidence);
  return unknown(
    evidence,
    `run ${unread.join(', ')} by hand: it must be one SELECT that the role of Bellows may run within ${TIMEOUT_MS / 1_000} s`,
  );
}

function sentence({ name, rows, error }: Answer): string {
  if (rows === null) return `${name}: ${error ?? 'not run'}`;
  return `${name}: ${rows > CAP ? `more than ${count(CAP, 'row')}` : count(rows, 'row')}`;
}

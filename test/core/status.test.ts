import { describe, expect, it } from 'vitest';
import { CHECKS, type CheckId, type CheckResult } from '#core/gate';
import type { State } from '#core/state';
import { nextAction, type StatusFacts } from '#core/status';

const ID = '20240102150000_split_user_name';

/** A run at its gate, which these checks hold shut. */
function gatedBy(...shut: readonly CheckId[]): StatusFacts {
  const gate = CHECKS.map(
    (check): CheckResult => ({
      check,
      verdict: shut.includes(check) ? 'fail' : 'pass',
      evidence: '',
      release: shut.includes(check) ? `do ${check}` : null,
      at: '2024-01-02T15:00:00Z',
      skipped: null,
    }),
  );
  const action = { title: '', form: 'drop column', sql: '', probe: null, undo: null } as const;
  const contract = [
    {
      ...({ kind: 'transaction', id: 'contract/1', phase: 'contract', title: '' } as const),
      ...{ tables: [], actions: [action], guards: [], destructive: true },
    },
  ];
  return {
    state: { kind: 'gated', since: '2024-01-02T15:00:00Z' },
    plan: {
      ...({ format: 1, migration: ID, description: '', checksum: '' } as const),
      ...{ steps: { expand: [], settle: [], contract, rollback: [] }, backfills: [] },
      ...{ gate: { soakSeconds: 0, deployed: {}, queries: {} } },
      ...{ touches: [], drops: [], tables: [], notices: [] },
    },
    ...{ holds: [], gate, liveWorkers: 0, led: false, quarantined: 0, blockedBy: null },
  };
}
const next = (...shut: readonly CheckId[]) => nextAction(ID, gatedBy(...shut));

describe('what comes next at a shut gate', () => {
  it.each([
    [['soak', 'deployed'], 'gate shut by deployed, soak: do deployed'],
    [['quarantine', 'soak', 'approval'], 'gate shut by quarantine, approval, soak: do quarantine'],
    [['deployed', 'approval'], 'gate shut by deployed, approval: do deployed'],
    [['soak', 'approval'], 'gate shut by approval, soak: do approval'],
    [['soak'], 'gate shut by soak: do soak'],
    [['approval'], `bellows approve ${ID} --reason "…"`],
    [[], `bellows contract ${ID}`],
  ] as const)('%j: what somebody can do, before what only time releases', (shut, said) => {
    expect(next(...shut)).toBe(said);
  });
});

describe('what comes next where nobody leads', () => {
  const facts = gatedBy();
  const moving: readonly State[] = [
    { kind: 'expanding' },
    { kind: 'settling', since: '2024-01-02T15:00:00Z' },
    { kind: 'rolling_back' },
  ];

  it.each(moving)('$kind names the process that is missing', (state) => {
    expect(nextAction(ID, { ...facts, state })).toBe('no process leads: bellows up, or bellows serve');
    expect(nextAction(ID, { ...facts, state, led: true })).not.toContain('no process leads');
  });
});

import { describe, expect, it } from 'vitest';
import { CHECKS, type CheckId, type CheckResult } from '#core/gate';
import type { State } from '#core/state';
import { nextAction } from '#core/status';
import { needsYou, type StatusFacts, waitsOf } from '#core/waits';

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
    ...{
      holds: [],
      gate,
      liveWorkers: 0,
      led: false,
      quarantined: 0,
      blockers: [],
      blockedBy: null,
      behind: null,
    },
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

describe('what comes next at the gate of a run that contracts nothing', () => {
  const straight = (...shut: readonly CheckId[]): StatusFacts => {
    const facts = gatedBy(...shut);
    return { ...facts, plan: { ...facts.plan, steps: { ...facts.plan.steps, contract: [] } } };
  };
  it.each([
    [['quarantine'], 'gate shut by quarantine: do quarantine'],
    // The leader goes back to the backfill by itself.
    [['ledger', 'pending_rows'], 'the last checks are evaluated'],
    [[], 'the last checks are evaluated'],
  ] as const)('%j', (shut, said) => {
    expect(nextAction(ID, straight(...shut))).toBe(said);
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

describe('why it is not moving', () => {
  const facts = gatedBy();
  const backfilling: State = { kind: 'backfilling', since: '2024-01-02T15:00:00Z', again: null };
  const hold = {
    ...{ signal: 'lock_waiters', value: 3, limit: 0, since: '2024-01-02T15:00:00Z' },
    ...{ text: '3 sessions wait for us', release: 'nobody waits' },
  };
  const blocker = {
    ...{
      pid: 7,
      application: 'reports',
      user: 'bi',
      state: 'idle in transaction',
      ageSeconds: 60,
      query: '',
    },
  };
  const causes = (given: Partial<StatusFacts>) =>
    waitsOf(ID, { ...facts, led: true, liveWorkers: 1, ...given }).map(({ cause }) => cause);

  it('names all causes, in the order in which they stand in the way', () => {
    const all = { state: backfilling, holds: [hold], liveWorkers: 0, quarantined: 3 };
    expect(causes(all)).toEqual(['throttle', 'no_worker', 'quarantine']);
    expect(causes({ state: { kind: 'expanding' }, blockers: [blocker] })).toEqual(['lock']);
    expect(causes({ state: { kind: 'expanding' }, led: false, blockers: [blocker] })).toEqual([
      'no_leader',
      'lock',
    ]);
    expect(causes({ state: backfilling })).toEqual([]);
    expect(causes({ ...gatedBy('ledger', 'pending_rows'), holds: [hold] })).toEqual(['throttle', 'gate']);
    // Its own pace holds nothing before its turn has come.
    expect(causes({ ...all, behind: 'waits for another' })).toEqual(['order', 'quarantine']);
  });

  it('a lock is named by what does not change from one look to the next', () => {
    const [wait] = waitsOf(ID, { ...facts, led: true, state: { kind: 'expanding' }, blockers: [blocker] });
    expect(wait?.reason).toBe('waits for a lock held by pid 7 app=reports user=bi idle in transaction');
    expect(wait?.next).toBe('bellows kill 7 --reason "…" ends it');
  });

  it('asks for somebody only where nothing else releases it', () => {
    const of = (given: Partial<StatusFacts>) =>
      needsYou(waitsOf(ID, { ...facts, led: true, liveWorkers: 1, ...given }));
    expect(of({ state: backfilling, holds: [hold] })).toBe(false);
    expect(of({ state: backfilling, liveWorkers: 0 })).toBe(true);
    expect(of({ ...gatedBy('approval') })).toBe(true);
  });
});

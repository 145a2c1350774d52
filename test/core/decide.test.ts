import { describe, expect, it } from 'vitest';
import { type BackfillSnapshot, decide, type Snapshot } from '#core/decide';
import { CHECKS, type CheckResult, type Verdict } from '#core/gate';
import type { CopyPlan, RunPlan, Step } from '#core/plan';

const AT = '2026-01-01T00:00:00.000Z';
const AFTER = '2026-01-01T00:01:00.000Z';

const step = (id: string, destructive = false): Step => ({
  kind: 'transaction',
  id,
  phase: 'expand',
  title: id,
  tables: [],
  actions: [],
  guards: [],
  destructive,
});

const backfillPlan = {
  kind: 'plain' as const,
  index: 0,
  table: { schema: 'public', name: 't' },
  partitioned: false,
  triggers: 'none' as const,
  expectedRows: null,
  set: [],
  where: {
    text: '',
    parts: [],
    columns: [],
    subqueryNames: [],
    functions: [],
    valueFunctions: [],
    operators: [],
    types: [],
    hasSubquery: false,
  },
};

const copyPlan: CopyPlan = {
  ...{
    kind: 'copy',
    index: 0,
    table: backfillPlan.table,
    partitioned: false,
    triggers: 'none',
    expectedRows: null,
  },
  ...{ target: { schema: 'public', name: 'u' }, key: [], set: [], where: null, read: [], keepsOthers: false },
  ...{ waiting: { schema: 'bellows', name: 'w' }, leaves: [], lockTimeoutMs: 100, triggerFunction: 'f' },
  ...{ insertTrigger: 'i', updateTrigger: 'u', truncateTrigger: 't' },
};

const plan: RunPlan = {
  format: 1,
  migration: 'm',
  description: 'm',
  checksum: 'c',
  steps: {
    expand: [step('e1'), step('e2')],
    settle: [step('s1')],
    contract: [step('c1'), step('cut', true)],
    rollback: [step('r1')],
  },
  backfills: [backfillPlan],
  gate: { soakSeconds: 0, deployed: {}, queries: {} },
  touches: [],
  drops: [],
  tables: [],
  notices: [],
};

const base: Snapshot = {
  state: { kind: 'expanding' },
  plan,
  doneSteps: new Set(),
  backfills: [],
  conflict: null,
  closed: null,
  verification: null,
  behind: [],
  gate: null,
};

const pass = (over: Partial<BackfillSnapshot>): BackfillSnapshot => ({
  pass: 2,
  plannedAt: AFTER,
  openRanges: 0,
  rowsInPass: 0,
  leftLocked: 0,
  ...over,
});

const results = (over: Partial<Record<string, Verdict>>): CheckResult[] =>
  CHECKS.map((check) => ({
    check,
    verdict: over[check] ?? 'pass',
    evidence: '',
    release: null,
    at: AT,
    skipped: null,
  }));

describe('expanding', () => {
  it('takes the steps in order, and only those that are not done', () => {
    expect(decide(base)).toMatchObject({ do: 'step', step: { id: 'e1' } });
    expect(decide({ ...base, doneSteps: new Set(['e1']) })).toMatchObject({ do: 'step', step: { id: 'e2' } });
    expect(decide({ ...base, doneSteps: new Set(['e1', 'e2']) })).toEqual({
      do: 'transition',
      event: { kind: 'expanded' },
    });
  });
});

describe('backfilling', () => {
  const state = { kind: 'backfilling', since: AT, again: null } as const;
  const of = (over: Partial<BackfillSnapshot>) => decide({ ...base, state, backfills: [pass(over)] });

  it('walks first, sweeps next, and sweeps again while a sweep finds anything', () => {
    expect(of({ pass: 0, plannedAt: null })).toMatchObject({ do: 'plan_pass', pass: 1 });
    expect(of({ pass: 1 })).toMatchObject({ do: 'plan_pass', pass: 2 });
    expect(of({ pass: 2, rowsInPass: 3 })).toMatchObject({ do: 'plan_pass', pass: 3 });
    expect(of({ pass: 2, leftLocked: 1 })).toMatchObject({ do: 'plan_pass', pass: 3 });
  });

  it('an empty walk is no proof: only a sweep is', () => {
    expect(of({ pass: 1, rowsInPass: 0 })).toMatchObject({ do: 'plan_pass', pass: 2 });
  });

  it('waits for open ranges', () => {
    expect(of({ openRanges: 1 })).toMatchObject({ do: 'dispatch' });
  });

  it('ends by a clean sweep, but not by one from before rows went back to pending', () => {
    expect(of({})).toEqual({ do: 'transition', event: { kind: 'backfilled' } });
    expect(of({ plannedAt: '2025-12-31T00:00:00.000Z' })).toMatchObject({ do: 'plan_pass', pass: 3 });
  });

  it('leaves the table to an earlier run', () => {
    expect(decide({ ...base, state, backfills: [pass({ pass: 0 })], conflict: 'waits' })).toMatchObject({
      do: 'nothing',
    });
  });
});

describe('settling', () => {
  const state = { kind: 'settling', since: AT } as const;
  const expanded = new Set(['e1', 'e2']);
  const doneSteps = new Set([...expanded, 's1']);

  it('builds, then verifies, then is settled', () => {
    expect(decide({ ...base, state, doneSteps: expanded })).toMatchObject({ do: 'step', step: { id: 's1' } });
    expect(decide({ ...base, state, doneSteps: new Set(['e1', 's1']) })).toMatchObject({
      step: { id: 'e2' },
    });
    expect(decide({ ...base, state, doneSteps })).toEqual({ do: 'verify' });
    expect(decide({ ...base, state, doneSteps, verification: { finishedAt: AT, pending: 0 } })).toEqual({
      do: 'transition',
      event: { kind: 'settled' },
    });
  });

  it('goes back when the verification found pending rows', () => {
    expect(decide({ ...base, state, doneSteps, verification: { finishedAt: AT, pending: 2 } })).toMatchObject(
      {
        event: { kind: 'rows_pending' },
      },
    );
  });
});

describe('the gate', () => {
  const state = { kind: 'gated', since: AT } as const;
  const at = (over: Partial<Record<string, Verdict>>) => decide({ ...base, state, gate: results(over) });

  it('opens only when every check passes or does not apply', () => {
    expect(at({})).toEqual({ do: 'transition', event: { kind: 'contract' } });
    expect(at({ soak: 'n/a' })).toEqual({ do: 'transition', event: { kind: 'contract' } });
    for (const check of CHECKS.filter((c) => !['pending_rows', 'indexes'].includes(c))) {
      expect(at({ [check]: 'fail' })).toMatchObject({ do: 'nothing' });
    }
    for (const check of CHECKS) expect(at({ [check]: 'unknown' })).toMatchObject({ do: 'nothing' });
  });

  it('is shut while a check was not evaluated', () => {
    const gate = results({}).slice(1);
    expect(decide({ ...base, state, gate })).toMatchObject({ do: 'nothing' });
    expect(decide({ ...base, state, gate: null })).toEqual({ do: 'evaluate_gate' });
  });

  it('sends rows that are pending again back to the backfill, and a lost index back to settling', () => {
    expect(at({ pending_rows: 'fail' })).toMatchObject({ event: { kind: 'rows_pending' } });
    expect(at({ indexes: 'fail' })).toMatchObject({ event: { kind: 'unsettled' } });
  });
});

describe('the gate of a copy', () => {
  const state = { kind: 'gated', since: AT } as const;
  const copying = { ...plan, backfills: [copyPlan] };
  const at = (over: Partial<Snapshot>) =>
    decide({ ...base, state, plan: copying, gate: results({ pending_rows: 'fail' }), ...over });

  it('catches up with the keys that wait, and walks again only for rows that were counted', () => {
    expect(at({ behind: [0] })).toEqual({ do: 'catch_up', backfill: 0 });
    expect(at({ verification: { finishedAt: AT, pending: 0 } })).toMatchObject({ do: 'nothing' });
    expect(at({ verification: { finishedAt: AT, pending: 3 } })).toMatchObject({
      event: { kind: 'rows_pending' },
    });
  });
});

describe('contracting', () => {
  const state = { kind: 'contracting', since: AT, dropped: false } as const;

  it('notes the first drop before it goes on', () => {
    expect(decide({ ...base, state, doneSteps: new Set(['c1']) })).toMatchObject({
      do: 'step',
      step: { id: 'cut' },
    });
    const doneSteps = new Set(['c1', 'cut']);
    expect(decide({ ...base, state, doneSteps })).toEqual({
      do: 'transition',
      event: { kind: 'first_drop' },
    });
    expect(decide({ ...base, state: { ...state, dropped: true }, doneSteps })).toEqual({
      do: 'transition',
      event: { kind: 'contracted' },
    });
  });
});

describe('what stands still', () => {
  it('does nothing while paused or failed, whatever else is true', () => {
    const inner = { kind: 'expanding' } as const;
    expect(decide({ ...base, state: { kind: 'paused', inner, by: 'a', reason: 'b', since: AT } }).do).toBe(
      'nothing',
    );
    expect(
      decide({ ...base, state: { kind: 'failed', inner, code: 'a', message: 'b', next: 'c', since: AT } }).do,
    ).toBe('nothing');
  });
});

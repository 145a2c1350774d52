import { describe, expect, it } from 'vitest';
import { InvalidTransitionError } from '#core/errors';
import {
  isFinal,
  type State,
  TRANSITIONS,
  type TransitionEvent,
  type TransitionKind,
  transition,
} from '#core/state';

const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-02T00:00:00.000Z';

const EVENTS: { readonly [E in TransitionKind]: Extract<TransitionEvent, { kind: E }> } = {
  start: { kind: 'start' },
  wait: { kind: 'wait', reason: 'waits for another' },
  expanded: { kind: 'expanded' },
  backfilled: { kind: 'backfilled' },
  settled: { kind: 'settled' },
  rows_pending: { kind: 'rows_pending', reason: 'a leaf was attached' },
  unsettled: { kind: 'unsettled', reason: 'an index is gone' },
  contract: { kind: 'contract' },
  gate_shut: { kind: 'gate_shut', reason: 'a row violates it' },
  first_drop: { kind: 'first_drop' },
  contracted: { kind: 'contracted' },
  roll_back: { kind: 'roll_back' },
  rolled_back: { kind: 'rolled_back' },
  pause: { kind: 'pause', by: 'anna', reason: 'lunch' },
  resume: { kind: 'resume' },
  fail: { kind: 'fail', code: 'X', message: 'broken', next: 'mend it' },
  retry: { kind: 'retry' },
  rerun: { kind: 'rerun' },
};

/** Written out by hand from the diagram, and sharing nothing with the table under test. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pending: { start: 'expanding', wait: 'pending', pause: 'paused', fail: 'failed' },
  expanding: { expanded: 'backfilling', roll_back: 'rolling_back', pause: 'paused', fail: 'failed' },
  backfilling: { backfilled: 'settling', roll_back: 'rolling_back', pause: 'paused', fail: 'failed' },
  settling: {
    settled: 'gated',
    rows_pending: 'backfilling',
    roll_back: 'rolling_back',
    pause: 'paused',
    fail: 'failed',
  },
  gated: {
    rows_pending: 'backfilling',
    unsettled: 'settling',
    contract: 'contracting',
    roll_back: 'rolling_back',
    pause: 'paused',
    fail: 'failed',
  },
  contracting: { gate_shut: 'gated', first_drop: 'contracting', contracted: 'done', fail: 'failed' },
  done: {},
  rolling_back: { rolled_back: 'rolled_back', fail: 'failed' },
  rolled_back: { rerun: 'pending' },
};

const STATES: Readonly<Record<string, State>> = {
  pending: { kind: 'pending', waitsFor: null },
  expanding: { kind: 'expanding' },
  backfilling: { kind: 'backfilling', since: AT, again: null },
  settling: { kind: 'settling', since: AT },
  gated: { kind: 'gated', since: AT },
  contracting: { kind: 'contracting', since: AT, dropped: false },
  done: { kind: 'done', at: AT },
  rolling_back: { kind: 'rolling_back' },
  rolled_back: { kind: 'rolled_back', at: AT },
};

describe('the table of transitions', () => {
  for (const [name, state] of Object.entries(STATES)) {
    for (const event of Object.values(EVENTS)) {
      const to = EXPECTED[name]?.[event.kind];
      it(`${name} + ${event.kind} → ${to ?? 'an error'}`, () => {
        if (to === undefined) expect(() => transition(state, event, LATER)).toThrow(InvalidTransitionError);
        else expect(transition(state, event, LATER).kind).toBe(to);
      });
    }
  }

  it('has a row for every state, with a cell for every event', () => {
    for (const row of Object.values(TRANSITIONS))
      expect(Object.keys(row).sort()).toEqual(Object.keys(EVENTS).sort());
  });

  it('does not go back to the gate after the first drop', () => {
    const dropped = transition(STATES.contracting as State, EVENTS.first_drop, AT);
    expect(() => transition(dropped, EVENTS.gate_shut, AT)).toThrow(InvalidTransitionError);
  });

  it('keeps the soak of the gate when the contract falls back to it', () => {
    const contracting = transition(STATES.gated as State, EVENTS.contract, LATER);
    expect(transition(contracting, EVENTS.gate_shut, LATER)).toEqual({
      kind: 'gated',
      since: AT,
      fellBack: { at: LATER, reason: EVENTS.gate_shut.reason },
    });
  });
});

describe('paused and failed', () => {
  it('wrap the state that they left, and give back exactly it', () => {
    for (const name of ['pending', 'expanding', 'backfilling', 'settling', 'gated']) {
      const state = STATES[name] as State;
      expect(transition(transition(state, EVENTS.pause, AT), EVENTS.resume, LATER)).toEqual(state);
      expect(transition(transition(state, EVENTS.fail, AT), EVENTS.retry, LATER)).toEqual(state);
    }
  });

  it('cannot wrap each other', () => {
    const paused = transition(STATES.gated as State, EVENTS.pause, AT);
    const failed = transition(STATES.gated as State, EVENTS.fail, AT);
    for (const state of [paused, failed]) {
      expect(() => transition(state, EVENTS.pause, AT)).toThrow(InvalidTransitionError);
      expect(() => transition(state, EVENTS.fail, AT)).toThrow(InvalidTransitionError);
    }
  });

  it('a failed contract cannot be rolled back: something may be gone', () => {
    const failed = transition(STATES.contracting as State, EVENTS.fail, AT);
    expect(() => transition(failed, EVENTS.roll_back, AT)).toThrow(InvalidTransitionError);
  });
});

describe('random walks', () => {
  it('reach every state, end only in final ones, and never come alive again but by rerun', () => {
    const seen = new Set<string>();
    let random = 42;
    const next = (n: number) => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      return Math.floor((random / 2 ** 32) * n);
    };
    const events = Object.values(EVENTS);
    const onward = [
      'start',
      'expanded',
      'backfilled',
      'settled',
      'contract',
      'contracted',
      'rolled_back',
      'resume',
      'retry',
    ];
    const forward = events.filter((e) => onward.includes(e.kind));
    for (let walk = 0; walk < 300; walk += 1) {
      let state: State = { kind: 'pending', waitsFor: null };
      for (let i = 0; i < 60; i += 1) {
        const pool = next(4) > 0 ? forward : events;
        const event = pool[next(pool.length)] as TransitionEvent;
        const before: State = state;
        try {
          state = transition(state, event, AT);
        } catch (error) {
          if (!(error instanceof InvalidTransitionError)) throw error;
        }
        if (isFinal(before) && state !== before) expect(event.kind).toBe('rerun');
        seen.add(state.kind);
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(TRANSITIONS).sort());
  });
});

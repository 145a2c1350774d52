import type { TableName } from '#core/identifier';
import type { Reading } from '#core/throttle';
import type { Database } from '#ports';

/** A signal id as the documentation lists it: `lock_waiters`; one of several of a kind: `query:wal_rate`. */
export type SignalId = string;

/** What one reading needs. `L` names the signal's limits. */
export interface SignalContext<L extends string = never> {
  readonly database: Database;
  readonly run: ThrottledRun;
  /** Complete: the operator's over the signal's own. */
  readonly limits: Readonly<Record<L, number>>;
  /** What a declared signal was declared with, beside numbers: names, SQL, an address. */
  readonly declared: Declared;
  /** Milliseconds of the walker's clock. */
  readonly now: number;
  readonly failures: Failures;
}

/** The run whose pace is held, and the table that it walks. */
export interface ThrottledRun {
  readonly id: number;
  readonly migration: string;
  readonly table: TableName;
}

export type Declared = Readonly<Record<string, number | string | readonly string[]>>;

/** What went wrong with the batches of this process since the last one that was committed. */
export interface Failures {
  readonly inARow: number;
  /** The SQLSTATE's name of the newest shortage (disk, memory, connections); null: none since the last commit. */
  readonly shortage: string | null;
  /** Of the walker's clock: when the newest one was. */
  readonly at: number;
}

/** Nothing was said about it. */
export const NO_LIMITS: Declared = {};

export type ReadSignal = (context: SignalContext) => Promise<Reading>;

/**
 * One thing that may slow or stop the pace. To add one: a file with it, and a line in `signals.ts`.
 *
 * Reading throws where it cannot read: that stops the pace, unless this server has never offered it. It answers `n/a` only
 * for what cannot be had here at all.
 */
export interface Signal {
  readonly id: SignalId;
  /** False: only where it is declared, and then what cannot be read stops in any case. */
  readonly defaultOn: boolean;
  /** Waits for something that may be slow, and is read beside the others. */
  readonly apart: boolean;
  /** The numbers that an operator may change while it runs, with their defaults. */
  readonly limits: Readonly<Record<string, number>>;
  /** Begins to watch: what has to be remembered from one reading to the next lives in the function that comes back. */
  open(): ReadSignal;
}

interface Spec<L extends Readonly<Record<string, number>>> {
  readonly id: SignalId;
  readonly defaultOn: boolean;
  readonly apart?: boolean;
  readonly limits: L;
  readonly open: () => (context: SignalContext<Extract<keyof L, string>>) => Promise<Reading>;
}

/** A signal whose `read` finds its limits complete. */
export function defineSignal<const L extends Readonly<Record<string, number>>>(spec: Spec<L>): Signal {
  const { id, defaultOn, apart = false, limits } = spec;
  return {
    id,
    defaultOn,
    apart,
    limits,
    open: () => {
      const read = spec.open();
      return (context) => {
        const complete = { ...limits, ...numbers(context.declared) } as Record<
          Extract<keyof L, string>,
          number
        >;
        return read({ ...context, limits: complete });
      };
    },
  };
}

function numbers(declared: Declared): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(declared).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

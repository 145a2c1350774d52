/** The outside of the command line, in memory: streams that remember, a terminal or none, signals by hand. */
import type { Bellows } from '#api';
import type { Connect, ConnectOptions, Io, StopSignal } from '#cli/io';
import { runCli } from '#cli/run';

export const NOW = Date.parse('2024-01-02T14:05:00.000Z');

export interface OutsideOptions {
  /** Default false: a pipe. */
  readonly terminal?: boolean;
  /** With `terminal`: stdout goes into a file all the same. Default false. */
  readonly redirected?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is typed when something is asked. */
  readonly answer?: string;
  readonly columns?: number;
  readonly rows?: number;
  readonly now?: () => number;
}

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly asked: readonly string[];
  readonly connections: readonly ConnectOptions[];
  readonly closed: number;
}

/** The verbs that a test expects, or how to make them from what was connected with. */
export type Verbs = Partial<Bellows> | ((connected: ConnectOptions) => Partial<Bellows>);

export interface Running {
  readonly ran: Promise<Ran>;
  send(signal: StopSignal): void;
}

export function start(
  line: string | readonly string[],
  bellows: Verbs,
  options: OutsideOptions = {},
): Running {
  const out = { stdout: '', stderr: '', closed: 0 };
  const asked: string[] = [];
  const connections: ConnectOptions[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: (options.terminal ?? false) && !(name === 'stdout' && options.redirected === true),
    write: (text: string) => {
      out[name] += text;
    },
  });
  const io: Io = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    isTTY: options.terminal ?? false,
    env: options.env ?? {},
    columns: options.columns ?? 80,
    rows: options.rows,
    now: options.now ?? (() => NOW),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    prompt: async (question) => {
      asked.push(question);
      return options.answer ?? '';
    },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const connect: Connect = async (given) => {
    connections.push(given);
    return {
      ...unreachable(),
      ...(typeof bellows === 'function' ? bellows(given) : bellows),
      close: async () => {
        out.closed += 1;
      },
    };
  };
  const argv = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
  return {
    ran: runCli(argv, io, connect).then((exit) => ({ exit, ...out, asked, connections })),
    send: (signal) => {
      for (const listener of listeners) listener(signal);
    },
  };
}

export function cli(
  line: string | readonly string[],
  bellows: Verbs = {},
  options: OutsideOptions = {},
): Promise<Ran> {
  return start(line, bellows, options).ran;
}

/** A verb that a test did not expect to be called fails it. */
export function unreachable(): Bellows {
  const refuse = (verb: string) => async (): Promise<never> => {
    throw new Error(`${verb} was called`);
  };
  return {
    target: { name: 'shop', place: 'localhost:5432', guarded: null },
    create: refuse('create'),
    drop: refuse('drop'),
    reset: refuse('reset'),
    wait: refuse('wait'),
    up: refuse('up'),
    rollbackMany: refuse('rollbackMany'),
    dryRun: refuse('dryRun'),
    resolve: refuse('resolve'),
    baseline: refuse('baseline'),
    validate: refuse('validate'),
    plan: refuse('plan'),
    status: refuse('status'),
    statusOf: refuse('statusOf'),
    walk: refuse('walk'),
    pause: refuse('pause'),
    resume: refuse('resume'),
    verify: refuse('verify'),
    gate: refuse('gate'),
    skipCheck: refuse('skipCheck'),
    approve: refuse('approve'),
    contract: refuse('contract'),
    rollback: refuse('rollback'),
    quarantine: { list: refuse('list'), retry: refuse('retry'), skip: refuse('skip') },
    knobs: refuse('knobs'),
    set: refuse('set'),
    kill: refuse('kill'),
    deploys: { record: refuse('record'), list: refuse('list') },
    seed: refuse('seed'),
    check: refuse('check'),
    history: refuse('history'),
    changelog: refuse('changelog'),
    dump: refuse('dump'),
    checkDump: refuse('checkDump'),
    load: refuse('load'),
    serve: refuse('serve'),
    worker: refuse('worker'),
    assertUpToDate: refuse('assertUpToDate'),
    queue: refuse('queue'),
    close: refuse('close'),
  };
}

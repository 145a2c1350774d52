/** What the command line touches of the outside, so that a test can be the outside. */
import type { Bellows } from '#api';
import type { Listener } from '#core/events';

/** A stream to write to; `process.stdout` is one. */
export interface Sink {
  write(text: string): unknown;
  /** True: a terminal. Colour and redrawing are only for these. */
  readonly isTTY?: boolean;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Io {
  /** Data. */
  readonly stdout: Sink;
  /** Everything that is not data: progress, questions, errors. */
  readonly stderr: Sink;
  /** True: a person sits in front of it and can be asked. */
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Width of the terminal. Default 80. */
  readonly columns?: number | undefined;
  /** Height of the terminal. Default: as high as it needs to be. */
  readonly rows?: number | undefined;
  /** Default: the working directory. */
  readonly cwd?: string;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
  /** Asks and returns the answer as typed. Without it nothing can be asked. */
  readonly prompt?: (question: string) => Promise<string>;
  /** Tells of SIGINT and SIGTERM; returns how to stop listening. */
  readonly onSignal?: (listener: (signal: StopSignal) => void) => () => void;
}

export interface ConnectOptions {
  readonly cwd: string;
  readonly env?: string;
  /** Where neither `--env` nor `BELLOWS_ENV` chooses one. */
  readonly fallbackEnv?: string;
  readonly envFiles: readonly string[];
  /** Undefined: as the settings have it. */
  readonly wait?: boolean;
  readonly overrides: Overrides;
  readonly listeners: readonly Listener[];
}
export interface Overrides {
  readonly databaseUrl?: string;
  readonly queueUrl?: string;
  readonly migrations?: readonly string[];
}

/** Opens Bellows on a project: `createBellows` of `#main`. */
export type Connect = (options: ConnectOptions) => Promise<Bellows>;

/** What a verb is given: where to say things, what was said on the command line, and the connection. */
import type { Command } from 'commander';
import type { Bellows } from '#api';
import type { Listener } from '#core/events';
import type { SettingsOptions } from '#project/settings';
import type { Connect, Io, Overrides } from './io.js';
import { narrateServer } from './narrate-server.js';
import { wrap } from './render/lines.js';
import { type Paint, paintFor } from './render/paint.js';
import type { View } from './render/view.js';
import { stepSummary } from './step-summary.js';

export interface Cli {
  readonly io: Io;
  readonly cwd: string;
  readonly env: string | undefined;
  readonly overrides: Overrides;
  /** What the configuration is read with, all of the above. */
  readonly settings: SettingsOptions;
  readonly json: boolean;
  readonly yes: boolean;
  /** For what is printed on stdout. */
  readonly view: View;
  /** For what is printed on stderr. */
  readonly noteView: View;
  /** The answer: one JSON document with `--json`, else lines; on stdout. */
  answer(json: unknown, lines: () => readonly string[]): void;
  /** A line for people, on stderr; on a terminal it is broken at spaces. */
  note(line: string): void;
  /** Connects, works, and closes whatever happens. */
  connected<R>(
    work: (bellows: Bellows) => Promise<R>,
    listeners?: readonly Listener[],
    opening?: Opening,
  ): Promise<R>;
}

export interface Opening {
  /** The environment where neither `--env` nor `BELLOWS_ENV` chooses one. */
  readonly fallbackEnv?: string;
  /** Whether the server is waited for first. Default: with `--wait`, else as the settings have it. */
  readonly wait?: boolean;
}

/** The arguments and options of one verb, as they were typed. */
export interface Invocation {
  /** The command's name: `up`. */
  readonly verb: string;
  readonly args: readonly string[];
  text(option: string): string | undefined;
  /** Of an option that may be given several times: every value, in order. */
  list(option: string): readonly string[];
  flag(option: string): boolean;
}

/** Returns the exit code; nothing means 0. */
export type Work = (cli: Cli, invocation: Invocation) => Promise<number | undefined>;
export type Action = (work: Work) => (this: Command) => Promise<void>;
/** Puts one verb under `parent`. */
export type Verb = (parent: Command, action: Action) => void;
export interface VerbGroup {
  /** Its title in the help. */
  readonly group: string;
  readonly verbs: readonly Verb[];
}

export function invocationOf(command: Command): Invocation {
  const options: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  return {
    verb: command.name(),
    args: command.args,
    text: (option) => {
      const value = options[option];
      return typeof value === 'string' ? value : undefined;
    },
    list: (option) => {
      const value = options[option];
      return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
    },
    flag: (option) => options[option] === true,
  };
}

const WIDEST = 120;

export function createCli(io: Io, invocation: Invocation, connect: Connect): Cli {
  const json = invocation.flag('json');
  const colour = invocation.flag('color') && !io.env.NO_COLOR;
  const env = invocation.text('env');
  const cwd = io.cwd ?? process.cwd();
  const overrides = overridesOf(invocation);
  const envFiles = invocation.list('envFile');
  const view = (paint: Paint): View => ({
    paint,
    width: Math.min(WIDEST, io.columns ?? 80),
    now: clock(io)(),
  });
  const noteView = view(paintFor(colour && io.stderr.isTTY === true));
  const note = (line: string) => {
    const { width } = noteView;
    const lines = io.stderr.isTTY === true && line.length > width ? wrap(line, width) : [line];
    io.stderr.write(`${lines.join('\n')}\n`);
  };
  return {
    io,
    cwd,
    env,
    overrides,
    settings: { cwd, env, envFiles, overrides },
    json,
    yes: invocation.flag('yes'),
    view: view(paintFor(colour && io.stdout.isTTY === true)),
    noteView,
    answer: (document, lines) => {
      const text = json ? JSON.stringify(document, null, 2) : lines().join('\n');
      io.stdout.write(`${text}\n`);
      stepSummary(io, invocation.verb, lines());
    },
    note,
    connected: async (work, listeners = [], opening = {}) => {
      const bellows = await connect({
        ...{ cwd, envFiles, overrides, listeners: [...listeners, narrateServer(note)] },
        ...(invocation.flag('wait') ? { wait: true } : {}),
        ...opening,
        ...(env === undefined ? {} : { env }),
      });
      try {
        return await work(bellows);
      } finally {
        await bellows.close();
      }
    },
  };
}

export function clock(io: Io): () => number {
  return io.now ?? Date.now;
}

function overridesOf(invocation: Invocation): Overrides {
  const named = (['databaseUrl', 'queueUrl'] as const).map((name) => [name, invocation.text(name)]);
  const migrations = invocation.list('migrations');
  return {
    ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
    ...(migrations.length === 0 ? {} : { migrations }),
  };
}

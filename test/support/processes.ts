import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { until } from './until.js';

const LOADER = fileURLToPath(new URL('./typescript.mjs', import.meta.url));

export interface SpawnOptions {
  /** Over this process' variables; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Another user to run as; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedNode {
  readonly pid: number;
  /** All that was printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Fulfilled when the process is gone and its output complete. */
  readonly exited: Promise<Exit>;
  /** The match in a line of stdout or stderr, already printed or to come. Fails when the process ends without it. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Sends the signal (default SIGTERM) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
}

const running = new Map<ChildProcess, string>();

/**
 * Starts `node` with these arguments; a `.ts` file runs from the sources, without a build. The test has to see it end:
 * one that still runs after the file is killed, and fails the file.
 */
export function spawnNode(args: readonly string[], { env = {}, cwd, user }: SpawnOptions = {}): SpawnedNode {
  const child = spawn(process.execPath, ['--import', LOADER, ...args], {
    ...user,
    cwd,
    env: { ...withoutRunner(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.set(child, args.join(' '));
  return follow(child);
}

/** The test runner's own settings would change what the child does: its options, and NODE_ENV=test. */
function withoutRunner(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$)/.test(name),
  );
  return Object.fromEntries(entries);
}

function follow(child: ChildProcess): SpawnedNode {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let gone: Exit | undefined;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      gone = { code, signal };
      resolve(gone);
    });
  });
  const seen = () => `stdout:\n${output.stdout}\nstderr:\n${output.stderr}`;
  return {
    pid: child.pid ?? 0,
    exited,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    async waitForLine(pattern, timeoutMs = 15_000) {
      const find = () => firstMatch(pattern, `${output.stdout}\n${output.stderr}`);
      await until(() => gone !== undefined || find() !== undefined, {
        timeoutMs,
        what: `a line like ${pattern}`,
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${seen()}`);
      });
      const match = find();
      if (match === undefined) throw new Error(`It ended without a line like ${pattern}\n${seen()}`);
      return match;
    },
    async kill(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

function firstMatch(pattern: RegExp, text: string): RegExpExecArray | undefined {
  for (const line of text.split('\n')) {
    const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(line);
    if (match !== null) return match;
  }
  return undefined;
}

afterAll(async () => {
  const left = [...running];
  for (const [child] of left) child.kill('SIGKILL');
  await until(() => running.size === 0, { what: 'the killed children to be gone' });
  if (left.length > 0)
    throw new Error(`Processes were left running: ${left.map(([, args]) => args).join('; ')}`);
});

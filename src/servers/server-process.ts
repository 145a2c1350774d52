import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notStarted } from './errors.js';
import { endWithUs, forgetServer } from './exit-hooks.js';
import type { Identity } from './identity.js';
import { startOf } from './process-facts.js';

/** How long a server gets to obey a signal, before a harder one follows. */
const OBEY_MS = 20_000;

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly identity: Identity | undefined;
  /** The server's own folder, for its log and its process id. */
  readonly folder: string;
  /** Ends the server at once without asking its clients; sent when this process exits without having stopped it. */
  readonly hardSignal: NodeJS.Signals;
}

/** A server that runs as our child, and goes when we go, however that happens. */
export class ServerProcess {
  readonly pid: number;
  /** Fulfilled when the process is gone, with what ended it. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, pid: number, hardSignal: NodeJS.Signals) {
    this.#child = child;
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        forgetServer(this.pid);
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    });
    endWithUs(pid, hardSignal);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends the signals one after the other, each when the one before was not obeyed in 20 s, until it is gone. */
  async end(...signals: readonly NodeJS.Signals[]): Promise<void> {
    for (const signal of [...signals, 'SIGKILL' as const]) {
      if (!this.alive) return;
      // While somebody waits for the end, Node must not run out of things to do.
      this.#child.ref();
      this.#child.kill(signal);
      if (await within(this.exited, OBEY_MS)) return;
    }
  }
}

/** Starts a server; its output goes to `server.log` in its folder. Being started is not being ready. */
export async function spawnServer(server: ServerCommand): Promise<ServerProcess> {
  const [command, args] = await withDeathSignal(server);
  const log = await open(join(server.folder, 'server.log'), 'a', 0o644);
  try {
    const child = spawn(command, args, {
      ...server.identity,
      cwd: '/',
      env: cleanEnvironment(),
      stdio: ['ignore', log.fd, log.fd],
      // A session of its own: Ctrl-C in the terminal is for us, and we still need the server to finish properly.
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(notStarted(`${server.command} cannot be run`, error.message)));
    });
    return await adopt(child, server);
  } finally {
    await log.close();
  }
}

async function adopt(child: ChildProcess, server: ServerCommand): Promise<ServerProcess> {
  const pid = child.pid ?? 0;
  const adopted = new ServerProcess(child, pid, server.hardSignal);
  // A forgotten server must not keep a script from ending; the exit hook then stops it.
  child.unref();
  await writeFile(join(server.folder, 'server.pid'), `${pid} ${startOf(pid) ?? 0}`);
  return adopted;
}

/**
 * Linux can promise that a process gets a signal when its parent is gone, even by SIGKILL. SIGINT: PostgreSQL's fast
 * shutdown, Redis' shutdown. It is the parent's thread that counts: start servers from the main thread.
 */
async function withDeathSignal(server: ServerCommand): Promise<readonly [string, readonly string[]]> {
  if (!(await canBindToParent())) return [server.command, server.args];
  return ['setpriv', ['--pdeathsig', 'INT', '--', server.command, ...server.args]];
}

let bindable: Promise<boolean> | undefined;

/** Whether this machine's setpriv knows the option (BusyBox' does not). Without it, the sweep of a later start cleans up. */
function canBindToParent(): Promise<boolean> {
  bindable ??= new Promise((resolve) => {
    execFile('setpriv', ['--pdeathsig', 'INT', '--', 'true'], (error) => resolve(error === null));
  });
  return bindable;
}

/** libpq's variables would redirect the server's tools, and a locale or time zone would colour its messages and data. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|NODE_OPTIONS$)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}

/** What a server printed, from a byte on. */
export async function readLog(folder: string, from = 0): Promise<string> {
  const bytes = await readFile(join(folder, 'server.log')).catch(() => Buffer.alloc(0));
  return bytes.subarray(from).toString('utf8');
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const result = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return result;
}

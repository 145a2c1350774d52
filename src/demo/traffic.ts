/** The application: one process for each deploy that runs, and what all of them saw. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DeploySettings, FromDeploy, ToDeploy, Version } from './deploys/messages.js';
import { Latencies } from './latency.js';
import type { Loaded } from './schema.js';

const CONNECTIONS = 4;

export interface TrafficSettings {
  readonly databaseUrl: string;
  readonly loaded: Loaded;
  /** Requests per second, over all deploys that run. */
  readonly rate: number;
}

interface Deploy {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  stopping: boolean;
}

/** Deploys come and go as in a rollout; the same requests per second are shared among those that run. */
export class Traffic {
  readonly seen = new Latencies();
  readonly #settings: TrafficSettings;
  readonly #deploys = new Map<Version, Deploy>();

  constructor(settings: TrafficSettings) {
    this.#settings = settings;
  }

  get running(): readonly Version[] {
    return [...this.#deploys.keys()];
  }

  /** Resolves when the deploy has its connections and works; it takes its share of the requests. */
  async start(version: Version): Promise<void> {
    const rate = this.#settings.rate / (this.#deploys.size + 1);
    const settings: DeploySettings = { ...this.#settings, version, connections: CONNECTIONS, rate };
    const entry = fileURLToPath(import.meta.resolve('#demo/deploys/process'));
    const child = fork(entry, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const deploy: Deploy = { child, exited: gone(child), stopping: false };
    this.#deploys.set(version, deploy);
    const ready = new Promise<void>((resolve, reject) => {
      child.on('message', (message: FromDeploy) => {
        if (message.kind === 'ready') resolve();
        else this.seen.add(message.samples, message.errors);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#deploys.delete(version);
        const what = `app/${version} ended by itself (${signal ?? `exit code ${code}`})`;
        if (!deploy.stopping) this.seen.add([], [what]);
        reject(new Error(what));
      });
    });
    await ready;
    this.#share();
  }

  /** Each deploy ends what it has begun, and closes its connections. */
  async stop(...versions: readonly Version[]): Promise<void> {
    const deploys = versions.flatMap((version) => this.#deploys.get(version) ?? []);
    for (const deploy of deploys) {
      deploy.stopping = true;
      tell(deploy.child, { kind: 'stop' });
    }
    await Promise.all(deploys.map(({ exited }) => exited));
    this.#share();
  }

  async stopAll(): Promise<void> {
    await this.stop(...this.running);
  }

  #share(): void {
    const rate = this.#settings.rate / Math.max(1, this.#deploys.size);
    for (const { child } of this.#deploys.values()) tell(child, { kind: 'rate', rate });
  }
}

/** What it said last may come after its exit, but never after the channel is closed. */
async function gone(child: ChildProcess): Promise<void> {
  await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
}

function tell(child: ChildProcess, message: ToDeploy): void {
  // One that has ended is seen by its exit.
  if (child.connected) child.send(message, () => undefined);
}

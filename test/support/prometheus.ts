/** The machine's Prometheus, on a loopback port, with a folder of its own that is gone afterwards. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#servers/free-port';
import { until } from './until.js';

export const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;

export interface PrometheusOptions {
  /** `127.0.0.1:9484`; one that answers nothing is a target that is down. */
  readonly targets: readonly string[];
  /** Rule files, evaluated each second. */
  readonly rules: readonly string[];
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, value. */
  readonly values: readonly (readonly [number, string])[];
}

export interface Prometheus {
  /** From the start of this Prometheus until now, a point a second. Throws what Prometheus has against the query. */
  history(expr: string): Promise<readonly Series[]>;
  /** Waits until the query, which is a condition, holds. */
  sees(expr: string, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Scrapes each second, under the job `bellows`. */
export async function startPrometheus({ targets, rules }: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-prometheus-'));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    scrape_configs: [{ job_name: 'bellows', static_configs: [{ targets }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  await until(async () => (await fetch(`http://${address}/-/ready`)).ok, { what: 'Prometheus' }).catch(
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
  const begun = Math.floor(Date.now() / 1_000);
  const history = (expr: string) =>
    ask(address, {
      query: expr,
      start: String(begun),
      end: String(Math.ceil(Date.now() / 1_000)),
      step: '1',
    });
  const sees = async (expr: string, timeoutMs = 15_000) => {
    const now = async () => (await history(expr)).length > 0;
    await until(now, { timeoutMs, everyMs: 250, what: `Prometheus to see ${expr}` });
  };
  return { history, sees, stop };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly Series[] };
}

async function ask(address: string, form: Readonly<Record<string, string>>): Promise<readonly Series[]> {
  const response = await fetch(`http://${address}/api/v1/query_range`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== 'success' || data === undefined) throw new Error(`${error}: ${form.query}`);
  return data.result;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

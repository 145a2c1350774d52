import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startOf } from '#servers/process-facts';
import { type SpawnedNode, spawnNode } from '../support/processes.js';
import { until } from '../support/until.js';

const DEMO = fileURLToPath(new URL('../../src/demo/demo.ts', import.meta.url));

const REPORT = z.strictObject({
  rows: z.int(),
  seconds: z.number(),
  rowsPerSecond: z.int(),
  queue: z.string(),
  application: z.strictObject({
    requests: z.int(),
    errors: z.int(),
    p99MsBefore: z.number(),
    p99MsDuring: z.number(),
  }),
  migrations: z.array(z.looseObject({ id: z.string(), state: z.string(), gate: z.array(z.unknown()) })),
});

const ps = promisify(execFile);

async function childrenOf(parent: number): Promise<readonly number[]> {
  const { stdout } = await ps('ps', ['-A', '-o', 'pid=,ppid=']);
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return lines.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}

/** Servers and deploys, once all that the start of the demo needs are there; the `ps` of others is none of them. */
async function startedBy({ pid }: SpawnedNode, least: number): Promise<readonly number[]> {
  const found = await until(
    async () => {
      const children = await childrenOf(pid);
      return children.length >= least && children;
    },
    { timeoutMs: 60_000, what: `the demo to have ${least} processes` },
  );
  return found;
}

/** A place of its own for all that the demo makes: what is left there was left by it. */
const place = await mkdtemp(join(tmpdir(), 'demo-test-'));
// The servers run as another user where the tests run as root.
await chmod(place, 0o755);
afterAll(() => rm(place, { recursive: true, force: true }));

const startDemo = (...args: readonly string[]) => spawnNode([DEMO, ...args], { env: { TMPDIR: place } });
/** Kept on purpose, for the next start: prepared binaries and data, and compiled migrations, of each user. */
const KEPT = /^bellows-(cache-)?\d+$/;
const left = async () => (await readdir(place)).filter((name) => !KEPT.test(name));

it('changes two tables under live traffic, and leaves nothing behind', { timeout: 180_000 }, async () => {
  const demo = startDemo('--rows', '20000', '--json');
  // PostgreSQL, perhaps Redis, and the first deploy.
  const [atStart] = await Promise.all([startedBy(demo, 2), demo.waitForLine(/app\/1 is deployed/, 60_000)]);
  const [later] = await Promise.all([startedBy(demo, 2), demo.waitForLine(/app\/3 is deployed/, 120_000)]);
  const { code } = await demo.exited;
  expect({ code, said: demo.stderr }).toMatchObject({ code: 0 });
  const lines = demo.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  const report = REPORT.parse(JSON.parse(lines[0] ?? ''));
  expect(report.application.errors).toBe(0);
  expect(report.application.requests).toBeGreaterThan(2_000);
  // The application adds rows of its own meanwhile, and fills the ones that it touches first.
  expect(report.rows).toBeGreaterThan(29_000);
  expect(report.rows).toBeLessThan(31_000);
  expect(report.queue).toMatch(/BullMQ/);
  expect(report.migrations.map(({ id, state }) => [id, state])).toEqual([
    ['20240102150000_split_user_name', 'done'],
    ['20240201100000_rename_order_status', 'done'],
  ]);
  expect(report.migrations.map(({ gate }) => gate.length)).toEqual([14, 14]);
  for (const pid of [...atStart, ...later]) expect(startOf(pid)).toBeUndefined();
  expect(await left()).toEqual([]);
});

it('stops everything on Ctrl-C', { timeout: 60_000 }, async () => {
  const demo = startDemo('--rows', '20000');
  await demo.waitForLine(/bellows up/, 40_000);
  const children = await startedBy(demo, 2);
  expect(await demo.kill('SIGINT')).toEqual({ code: 130, signal: null });
  for (const pid of children) expect(startOf(pid)).toBeUndefined();
  expect(await left()).toEqual([]);
});

it('says what it does not know', async () => {
  const demo = startDemo('--row', '1');
  expect(await demo.exited).toEqual({ code: 2, signal: null });
  expect(demo.stderr).toContain("Unknown option '--row'.");
  expect(demo.stdout).toBe('');
});

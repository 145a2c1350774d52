import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import type { SpawnedNode } from '../support/processes.js';
import { until } from '../support/until.js';
import {
  columnsOf,
  createStage,
  createUsers,
  expectSeedNames,
  expectSoundLedger,
  expireClaims,
  leftovers,
  reaches,
  SPLIT,
  type Stage,
  stateOf,
  useStages,
} from './stage.js';

const ROWS = 3_000;
const used = useDatabase();
useStages();

/** Starts it again and again; each time it dies at the first point where none has died yet. */
async function untilItLives(
  start: () => SpawnedNode,
  restarted: () => Promise<void>,
  lives: (child: SpawnedNode) => Promise<boolean>,
): Promise<{ readonly child: SpawnedNode; readonly deaths: number }> {
  for (let deaths = 0; ; deaths += 1) {
    const child = start();
    let exit: { readonly signal: string | null; readonly code: number | null } | undefined;
    void child.exited.then((e) => {
      exit = e;
    });
    await until(async () => exit !== undefined || (await lives(child).catch(() => false)), {
      timeoutMs: 45_000,
      everyMs: 50,
      what: 'the next death, or the end of the way',
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${child.stdout}\n${child.stderr}`);
    });
    if (exit?.signal !== 'SIGKILL') return { child, deaths };
    await restarted();
  }
}

/** Stores the run with nothing of it done: while somebody else holds the lease, `up` can only plan. */
async function planOnly(stage: Stage, client: pg.Client): Promise<void> {
  await stage.bellows.history();
  await client.query(
    `update bellows.lease set holder = gen_random_uuid(), expires_at = clock_timestamp() + interval '1 hour'`,
  );
  const enough = new AbortController();
  const up = stage.bellows.up({ until: 'expanded', detach: true, signal: enough.signal });
  await until(async () => (await stateOf(client)) === 'pending', { what: 'the run to be planned' });
  enough.abort();
  await up;
  await expireClaims(client);
}

const deathsOf = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n');

async function expectDone(stage: Stage, url: string): Promise<void> {
  const client = await connect(url);
  expect(await stateOf(client)).toBe('done');
  expect(await leftovers(client)).toEqual([]);
  const columns = await columnsOf(client);
  expect(columns).toContain('first_name');
  expect(columns).not.toContain('full_name');
  await expectSeedNames(client, ROWS);
  await expectSoundLedger(client);
  const history = await stage.bellows.history({ migration: SPLIT, limit: 500 });
  expect(history.filter((h) => h.action === 'contracted')).toHaveLength(1);
}

it('the leader, killed at each step and each transition, is followed by one that goes on', {
  timeout: 240_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const stage = await createStage({ url: used.url });
  const killedAt = join(stage.cwd, 'killed');
  await planOnly(stage, client);
  const worker = stage.spawn('worker');
  const start = () => stage.spawn('serve', { killedAt });
  const gated = await untilItLives(
    start,
    () => expireClaims(client),
    async (child) => {
      return (await stateOf(client)) === 'gated' && child.stdout.includes('gate:evaluated');
    },
  );
  await gated.child.kill('SIGKILL');
  await expireClaims(client);
  await expectSoundLedger(client);
  await stage.bellows.approve(SPLIT, { reason: 'it lives' });
  const done = await untilItLives(
    start,
    () => expireClaims(client),
    async () => (await stateOf(client)) === 'done',
  );
  expect((await done.child.kill()).code).toBe(0);
  expect((await worker.kill()).code).toBe(0);
  await expectDone(stage, used.url);
  const points = await deathsOf(killedAt);
  expect(points).toEqual(expect.arrayContaining(['leader:changed leads', 'gate:evaluated']));
  const steps = await client.query<{ step_id: string }>('select step_id from bellows.steps order by 1');
  const started = points.filter((p) => p.startsWith('step:started')).map((p) => p.split(' ')[1]);
  expect(started.sort()).toEqual(steps.rows.map((r) => r.step_id).sort());
});

it('leader and worker in one process, killed at each point, go on in the next', {
  timeout: 240_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const stage = await createStage({ url: used.url });
  const killedAt = join(stage.cwd, 'killed');
  // Its steps are those of the leader above; what a worker does in the same process is new.
  const deadly = '^(run:transition|step:done|job:|batch:committed)';
  const up = { until: 'done', approve: { reason: 'development' } } as const;
  const start = () => stage.spawn('up', { killedAt, up, deadly });
  const { child } = await untilItLives(
    start,
    () => expireClaims(client),
    async () => false,
  );
  expect(`${child.stdout}${child.stderr}`).toContain('reached true');
  await expectDone(stage, used.url);
  expect(await deathsOf(killedAt)).toEqual(
    expect.arrayContaining(['job:started', 'batch:committed', 'job:finished']),
  );
});

it("a leader that is killed is replaced without anybody's help", { timeout: 60_000 }, async () => {
  const client = await connect(used.url);
  await createUsers(client, 100);
  const stage = await createStage({ url: used.url });
  const first = stage.spawn('serve');
  await first.waitForLine(/leader:changed leads/, 30_000);
  await first.kill('SIGKILL');
  const second = stage.spawn('serve');
  await second.waitForLine(/leader:changed leads/, 20_000);
  const [worker] = [stage.spawn('worker')];
  await stage.bellows.up({ until: 'expanded', detach: true });
  await reaches(client, 'gated', 30_000);
  expect((await second.kill()).code).toBe(0);
  expect((await worker.kill()).code).toBe(0);
});

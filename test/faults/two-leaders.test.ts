import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createStage, createUsers, expectSoundLedger, one, reaches, SPLIT, useStages } from './stage.js';

const used = useDatabase();
useStages();

const LEASE = `select jsonb_build_object('process', process, 'epoch', epoch, 'live', expires_at > clock_timestamp()) as value
  from bellows.lease
  where name = 'leader'`;
interface Lease {
  readonly process: string;
  readonly epoch: number;
  readonly live: boolean;
}

it('of two leaders one leads; frozen past its lease it is replaced, and awake it changes nothing', {
  timeout: 120_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, 20_000);
  const stage = await createStage({ url: used.url, rowsPerSecond: 1_500 });
  const first = stage.spawn('serve');
  await first.waitForLine(/leader:changed leads/, 30_000);
  const second = stage.spawn('serve');
  const worker = stage.spawn('worker');
  await second.waitForLine(/^ready/, 30_000);
  await stage.bellows.up({ until: 'expanded', detach: true });
  const before = await one<Lease>(client, LEASE);
  expect(before.process).toMatch(new RegExp(`/${first.pid}$`));
  expect(second.stdout).not.toContain('leads');

  process.kill(first.pid, 'SIGSTOP');
  await second.waitForLine(/leader:changed leads/, 20_000);
  const taken = await one<Lease>(client, LEASE);
  expect(taken.process).toMatch(new RegExp(`/${second.pid}$`));
  expect(taken.epoch).toBeGreaterThan(before.epoch);

  const versions = `select jsonb_agg(jsonb_build_array(id, version) order by id) as value from bellows.runs`;
  const asOf = await one<unknown>(client, versions);
  const done = first.stdout.length;
  process.kill(first.pid, 'SIGCONT');
  await first.waitForLine(/leader:changed follows/, 20_000);
  // What it says after it woke: that it follows, and nothing that it did.
  expect(first.stdout.slice(done)).not.toMatch(/run:transition|step:|gate:evaluated/);
  expect(await one<unknown>(client, versions)).toEqual(asOf);
  expect(await one<Lease>(client, LEASE)).toMatchObject({
    epoch: taken.epoch,
    process: taken.process,
    live: true,
  });

  await reaches(client, 'gated', 60_000);
  await expectSoundLedger(client);
  const moves = await stage.bellows.history({ migration: SPLIT, limit: 500 });
  expect(moves.filter((h) => h.action === 'settled')).toHaveLength(1);
  expect(first.stdout.slice(done)).not.toMatch(/run:transition|step:|gate:evaluated/);
  for (const child of [worker, first, second]) expect((await child.kill()).code).toBe(0);
});

it('a leader frozen inside a step does not finish it after another took over', {
  timeout: 90_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, 500);
  const stage = await createStage({ url: used.url });
  const blocker = await connect(used.url);
  await blocker.query('begin');
  await blocker.query('lock table users in access share mode');
  await stage.bellows.history();
  const first = stage.spawn('serve');
  await first.waitForLine(/leader:changed leads/, 30_000);
  const up = stage.bellows.up({ until: 'expanded', detach: true });
  // It tries its DDL, and cannot have the lock.
  await first.waitForLine(/step:attempt expand/, 30_000);
  process.kill(first.pid, 'SIGSTOP');
  await until(async () => !(await one<Lease>(client, LEASE)).process.endsWith(`/${first.pid}`), {
    timeoutMs: 20_000,
    what: 'another leader',
  });
  await blocker.query('commit');
  await up;
  const done = first.stdout.length;
  process.kill(first.pid, 'SIGCONT');
  await first.waitForLine(/leader:changed follows/, 20_000);
  expect(first.stdout.slice(done)).not.toMatch(/run:transition|step:done/);
  const attempts = await client.query(
    `select count(*)::integer as n from pg_trigger where tgname ~ 'bellows'`,
  );
  expect(attempts.rows).toEqual([{ n: 2 }]);
  expect((await first.kill()).code).toBe(0);
});

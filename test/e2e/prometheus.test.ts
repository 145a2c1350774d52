/**
 * Every query of the committed dashboards, every recording rule and every selector of the alerts, asked of a Prometheus that
 * scraped a real run: one that waits for a lock, is held and paused, loses a worker, meets a poison row, and stops at its gate.
 */
import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#servers/free-port';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { findRedisProgram, type RedisServer, startRedis } from '#servers/redis';
import { startStandby } from '#servers/standby';
import { ROOT } from '../../grafana/build.js';
import { createStage, createUsers, one, reaches, SPLIT, type Stage, useStages } from '../faults/stage.js';
import { type Dashboard, filled, panelsOf } from '../grafana/dashboards.js';
import { alerts, RULES, recordings, selectorTexts } from '../grafana/rules.js';
import { connect } from '../support/connections.js';
import type { SpawnedNode } from '../support/processes.js';
import { hasPrometheus, type Prometheus, startPrometheus } from '../support/prometheus.js';
import { until } from '../support/until.js';

const redisProgram = await findRedisProgram();
const ROWS = 24_000;
const POISON = 'x'.repeat(150);

interface Asked {
  readonly where: string;
  readonly expr: string;
}

async function committedQueries(): Promise<readonly Asked[]> {
  const folder = `${ROOT}grafana/dashboards`;
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  const read = async (file: string): Promise<readonly Asked[]> => {
    const dashboard = JSON.parse(await readFile(`${folder}/${file}`, 'utf8')) as Dashboard;
    const panels = panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr }) => ({ where: `${dashboard.title}: ${title} ${refId}`, expr })),
    );
    const marks = dashboard.annotations.list.map(({ name, expr }) => ({
      where: `${dashboard.title}: ${name}`,
      expr,
    }));
    return [...panels, ...marks];
  };
  return (await Promise.all(files.map(read))).flat();
}

/** A machine without Redis has the queue in PostgreSQL. */
function isThere({ expr }: Asked): boolean {
  return redisProgram !== undefined || !expr.includes('bellows_redis_up');
}

/** Alerts that wait for their time or fire, of this run: what happened in it, and what did not. */
const RAISED = ['MigrationDdlBlocked', 'MigrationQuarantinedRows'];
const NEVER = [
  'MigrationFailed',
  'MigrationSyncTriggerMissing',
  'MigrationVerifyMismatch',
  'MigrationTwoLeaders',
  'MigrationWorkerWedged',
  'MigrationReplicaLagNotThrottled',
  'MigrationBackfillStalled',
  // The index was invalid for as long as it was built.
  'MigrationInvalidIndex',
];

describe.skipIf(!hasPrometheus)('a Prometheus that scraped a run', () => {
  useStages();
  let servers: readonly (PostgresServer | RedisServer)[] = [];
  let prometheus: Prometheus | undefined;
  beforeAll(async () => {
    const primary = await startPostgres({ settings: { fsync: 'off', track_functions: 'all' } });
    servers = [primary];
    servers = [await startStandby(primary, { name: 'replica' }), ...servers];
    if (redisProgram !== undefined) servers = [...servers, await startRedis({ program: redisProgram })];
  });
  afterAll(async () => {
    await prometheus?.stop();
    for (const server of servers) await server.stop();
  });

  it('answers every query, with something', { timeout: 120_000 }, async () => {
    const [, primary, redis] = servers as readonly [PostgresServer, PostgresServer, RedisServer?];
    const client = await connect(primary.url);
    await createUsers(client, ROWS);
    await client.query(`insert into users (id, full_name) values (0, '${POISON}')`);
    const stage = await createStage({
      url: primary.url,
      rowsPerSecond: 3_000,
      ...(redis === undefined ? {} : { queueUrl: redis.url }),
    });
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const [leader, first, second] = [
      listening(stage, 'serve', ports[0]),
      listening(stage, 'worker', ports[1]),
      listening(stage, 'worker', ports[2]),
    ];
    prometheus = await startPrometheus({
      targets: ports.map((port) => `127.0.0.1:${port}`),
      rules: [`${RULES}/alerts.yml`, `${RULES}/recording.yml`],
    });
    await waitForLock(stage, client, prometheus, primary.url);
    await client.query(`update users set full_name = 'New Name', rev = rev + 1 where id between 1 and 50`);
    await hold(prometheus, primary.url);
    await pauseAndResume(stage, prometheus);
    await loseWorker(client, [first, second]);
    await buildIndex(client, prometheus, primary.url);
    await prometheus.sees('bellows_sync_trigger_calls_total > 0');
    await prometheus.sees('bellows_gate_last_evaluated_timestamp_seconds > 0');
    await prometheus.sees('bellows_gate_check_passing{check="quarantine"} == 0');
    await expectAnswers(prometheus);
    await expectAlerts(prometheus);
    for (const process of [leader, first, second]) await process.kill();
  });

  function listening(stage: Stage, task: 'serve' | 'worker', port: number): SpawnedNode {
    const http = { metricsPort: port, workerMetricsPort: port };
    return stage.spawn(task, { overrides: { ...stage.overrides, http } });
  }

  async function expectAlerts(from: Prometheus): Promise<void> {
    const raised = (await from.history('ALERTS')).map(({ metric }) => metric.alertname);
    expect(raised).toEqual(expect.arrayContaining(RAISED));
    expect(raised.filter((name) => NEVER.includes(name ?? ''))).toEqual([]);
  }

  async function expectAnswers(from: Prometheus): Promise<void> {
    const asked = [
      ...(await committedQueries()),
      ...recordings.map(({ record, expr }) => ({ where: record, expr })),
      ...recordings.map(({ record }) => ({ where: `recorded ${record}`, expr: record })),
      ...alerts.flatMap((alert) => selectorTexts(alert).map((expr) => ({ where: alert.alert, expr }))),
    ].filter(isThere);
    expect(asked.length).toBeGreaterThan(120);
    const empty: string[] = [];
    for (const { where, expr } of asked) {
      const answer = await from.history(filled(expr, '10s', '5m')).catch((error: Error) => error.message);
      if (typeof answer === 'string' || answer.length === 0) empty.push(`${where}: ${expr} ${answer}`);
    }
    expect(empty).toEqual([]);
  }
});

/** Expand asks for a lock that a forgotten transaction holds. */
async function waitForLock(stage: Stage, client: pg.Client, prometheus: Prometheus, url: string) {
  const forgotten = await connect(url, { application_name: 'reports' });
  await forgotten.query('begin');
  await forgotten.query('select from users limit 1');
  await prometheus.sees('sum(bellows_scheduler_leader) == 1');
  const expanded = stage.bellows.up({ until: 'expanded', detach: true });
  await prometheus.sees('bellows_ddl_blocking_sessions > 0');
  await forgotten.query('rollback');
  await expanded;
  await until(async () => (await batches(client)) > 3, { timeoutMs: 20_000, what: 'the first batches' });
}

/** A session of the application waits for more than a second for one that says it is ours. */
async function hold(prometheus: Prometheus, url: string) {
  const [ours, theirs] = [await connect(url, { application_name: 'bellows hold' }), await connect(url)];
  await ours.query('create table held (id int)');
  await ours.query('begin');
  await ours.query('lock table held');
  const waiting = theirs.query('select from held').catch(() => undefined);
  await prometheus.sees('bellows_throttle_active{reason="lock_waiters"} == 1');
  await ours.query('rollback');
  await waiting;
}

async function pauseAndResume({ bellows }: Stage, prometheus: Prometheus) {
  await bellows.pause(SPLIT, { reason: 'lunch' });
  await prometheus.sees('bellows_migration_paused == 1');
  await bellows.resume(SPLIT);
}

/** Whichever worker holds the range is killed; the other one takes over. */
async function loseWorker(client: pg.Client, workers: readonly SpawnedNode[]) {
  const holder = await until(
    () => one<number>(client, `select pid as value from bellows.workers where used > 0 limit 1`),
    { what: 'a worker with a job' },
  );
  await workers.find((worker) => worker.pid === holder)?.kill('SIGKILL');
}

/**
 * A writer keeps the index build waiting, long enough for a scrape to see it. It has neither a snapshot nor a transaction id:
 * those would hold vacuum back, and with it the walk.
 */
async function buildIndex(client: pg.Client, prometheus: Prometheus, url: string) {
  const writer = await connect(url);
  await writer.query('begin');
  await writer.query('lock table users in row exclusive mode');
  await prometheus.sees('bellows_index_build_progress_ratio', 60_000);
  await writer.query('rollback');
  await reaches(client, 'gated', 30_000);
}

const batches = (client: pg.Client) =>
  one<number>(client, 'select count(*)::integer as value from bellows.batches');

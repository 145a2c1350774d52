/** The course of the demo, once servers, tables and application are there. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Bellows, GateReport, Status } from '#api';
import { ConditionError } from '#core/errors';
import type { MigrationStatus } from '#core/status';
import { checkData } from './data-check.js';
import type { Percentiles } from './latency.js';
import type { Outcome } from './outcome.js';
import { BackfillClock, grouped, nameOf, progressLines } from './progress.js';
import { checkLines, gateLines } from './report.js';
import { Rollout } from './rollout.js';
import type { Screen } from './screen.js';
import type { Traffic } from './traffic.js';

export interface Stage {
  readonly bellows: Bellows;
  readonly traffic: Traffic;
  /** For the comparison of journal and tables. */
  readonly client: Client;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Until connections and plans are warm, a latency says nothing. */
const WARM_MS = 1_500;
const BASELINE_MS = 5_000;
/** How long all three deploys, and at the end the newest alone, work on what the migrations left. */
const TOGETHER_MS = 3_000;
const AFTER_MS = 2_000;

export async function runStory(stage: Stage): Promise<Outcome> {
  const { bellows, traffic, client, screen, signal } = stage;
  const before = await measureBefore(stage);
  const began = Date.now();
  const clock = new BackfillClock();
  const shut = await expandAndBackfill(stage, clock);
  await delay(TOGETHER_MS, undefined, { signal });
  await retireOldDeploys(stage);
  const beforeContract = await checkData(client, { old: true });
  screen.block(checkLines('before contract, both shapes', beforeContract));
  const gates = await contractAll(stage, shut);
  const ended = Date.now();
  await delay(AFTER_MS, undefined, { signal });
  await traffic.stopAll();
  const afterContract = await checkData(client, { old: false });
  const { migrations } = await bellows.status();
  const rows = migrations.reduce((sum, { backfill }) => sum + (backfill?.rowsDone ?? 0), 0);
  return {
    rows,
    seconds: (ended - began) / 1_000,
    rowsPerSecond: Math.round(rows / Math.max(0.001, clock.seconds)),
    before,
    during: traffic.seen.between(began, ended),
    gates,
    checks: { beforeContract, afterContract },
    migrations,
  };
}

async function measureBefore({ bellows, traffic, screen, signal }: Stage): Promise<Percentiles> {
  await traffic.start(1);
  await bellows.deploys.record('app', '1');
  screen.say('app/1 is deployed: it knows the old shape only, and never changes');
  await delay(WARM_MS, undefined, { signal });
  const from = Date.now();
  await delay(BASELINE_MS, undefined, { signal });
  return traffic.seen.between(from, Date.now());
}

async function expandAndBackfill(stage: Stage, clock: BackfillClock): Promise<readonly GateReport[]> {
  const { bellows, traffic, screen, signal } = stage;
  const rollout = new Rollout(traffic, screen.say);
  const states = new Map<string, string>();
  const onProgress = (status: Status) => {
    clock.see(status, Date.now());
    rollout.follow(status);
    for (const { id, state } of status.migrations) {
      if (states.get(id) !== state) screen.say(`${nameOf(id)} is ${state}`);
      states.set(id, state);
    }
    screen.live(progressLines(status, traffic.seen));
  };
  screen.say('bellows up');
  const result = await bellows.up({ signal, onProgress });
  signal.throwIfAborted();
  if (!result.reached) throw stuck(result.migrations);
  await rollout.settled();
  screen.live([]);
  const gates = await Promise.all(result.migrations.map(({ id }) => bellows.gate(id)));
  for (const gate of gates) screen.block(gateLines(gate));
  return gates;
}

/** The gates are shut: the old deploys still run. What a team does now takes it days, and the demo seconds. */
async function retireOldDeploys({ bellows, traffic, screen }: Stage): Promise<void> {
  await traffic.stop(1, 2);
  await bellows.deploys.record('app', '3');
  screen.say('app/1 and app/2 have ended; bellows deploys record app 3');
}

async function contractAll(
  { bellows, screen, signal }: Stage,
  shut: readonly GateReport[],
): Promise<readonly GateReport[]> {
  const gates: GateReport[] = [];
  for (const before of shut) {
    const id = before.migration;
    const gate = await bellows.approve(id, { reason: 'the demo: only app/3 is left' });
    gates.push(gate);
    screen.block(gateLines(gate, before));
    screen.say(`bellows contract ${id}`);
    const { state, failed, next } = await bellows.contract(id, { signal });
    signal.throwIfAborted();
    if (state !== 'done') throw stuck([{ id, state, failed, next }]);
    screen.say(`${nameOf(id)} is done`);
  }
  return gates;
}

function stuck(
  migrations: readonly Pick<MigrationStatus, 'id' | 'state' | 'failed' | 'next'>[],
): ConditionError {
  return new ConditionError('BELLOWS_DEMO_STUCK', {
    what: `${grouped(migrations.length)} migrations did not get as far as they should.`,
    why: migrations
      .map(({ id, state, failed, next }) => `${id} is ${state}: ${failed?.message ?? next}`)
      .join('; '),
    left: 'The servers of the demo are stopped, and with them everything goes.',
    next: 'npm run demo -- --keep leaves them up.',
  });
}

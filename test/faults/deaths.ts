/** Kills a process at every point of its way, one death a point, and starts the next one. */
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { expect } from 'vitest';
import { connect } from '../support/database.js';
import type { SpawnedNode } from '../support/processes.js';
import { until } from '../support/until.js';
import {
  columnsOf,
  expectSeedNames,
  expectSoundLedger,
  expireClaims,
  leftovers,
  SPLIT,
  type Stage,
  stateOf,
} from './stage.js';

export const ROWS = 3_000;

/** Starts it again and again; each time it dies at the first point where none has died yet. */
export async function untilItLives(
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
export async function planOnly(stage: Stage, client: pg.Client, migration = SPLIT): Promise<void> {
  await stage.bellows.history();
  await client.query(
    `update bellows.lease set holder = gen_random_uuid(), expires_at = clock_timestamp() + interval '1 hour'`,
  );
  const enough = new AbortController();
  const up = stage.bellows.up({ until: 'expanded', detach: true, signal: enough.signal });
  await until(async () => (await stateOf(client, migration)) === 'pending', {
    what: 'the run to be planned',
  });
  enough.abort();
  await up;
  await expireClaims(client);
}

export const deathsOf = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n');

export async function expectDone(stage: Stage, url: string): Promise<void> {
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

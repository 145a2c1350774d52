import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { updateByIds } from './id-range.js';
import type { Shape } from './shape.js';

const JOB_ROWS = 1_000;
const SUB_BATCH = 100n;
const PAUSE_MS = 100;

/**
 * The shape of GitLab's batched background migrations, written from a description of it: jobs of 1,000 rows in sub-batches
 * of 100, each followed by a pause of 100 ms. What it leaves out, an interval of two minutes between two jobs while they are
 * small, would make it slower by far; sizes that it reaches after hours would make it faster.
 */
export function gitlabShape(client: Client): Shape {
  return {
    name: "GitLab's shape",
    sessions: 'bench',
    rowsAtMost: 2 * JOB_ROWS,
    prepare: async () => {
      await client.query('alter table users disable trigger user');
    },
    move: async ({ firstId, lastId }) =>
      updateByIds(client, BigInt(firstId), BigInt(lastId), SUB_BATCH, () => sleep(PAUSE_MS)),
  };
}

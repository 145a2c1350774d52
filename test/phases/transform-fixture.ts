/** A table of events with a transform that writes `kind` from `raw`. */
import { markerActions } from '#phases/expand/marker';
import { syncTriggerActions } from '#phases/expand/sync-trigger';
import type { RunRow } from '#ports';
import { startRun, type Workshop } from './backfill-workshop.js';
import { planFor, run as runActions } from './sync-trigger-fixture.js';

export type Source = Readonly<Record<string, unknown>>;
export const loud = (rows: readonly Source[]) => rows.map(({ raw }) => ({ kind: String(raw).toUpperCase() }));
/** Rows that the transform has not filled, or wrongly. */
export const WRONG = `events where kind is distinct from upper(raw)`;

/** `events` with `rows` rows, expanded, and a run of it that is backfilling. */
export async function start(shop: Workshop, rows: number, raw = `'row ' || i`): Promise<RunRow> {
  const { app } = shop;
  await app.query(`create schema if not exists bellows`);
  await app.query(`create table events (id bigint primary key, raw text not null, kind text)`);
  await app.query(`alter table events set (autovacuum_enabled = off), alter raw set storage external`);
  await app.query(`insert into events select i, ${raw} from generate_series(1, $1::integer) i`, [rows]);
  const plan = await planFor(app, { table: 'events', groups: [{ forward: { kind: 'raw' } }] });
  const [{ sources: read = [], forward: write = [] } = {}] = plan.groups;
  const whole = { ...plan, groups: [], transform: { read, write, concurrency: 1, timeoutMs: 30_000 } };
  await runActions(app, [...markerActions(whole), ...syncTriggerActions(whole)]);
  return startRun(shop, whole);
}

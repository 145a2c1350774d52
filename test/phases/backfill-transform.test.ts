/** What a transform gave, written back beside an application that writes the same rows. Checked by SQL of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { renderBatches } from '#phases/backfill/batch';
import { claim } from '#phases/backfill/claim';
import { batchLimits } from '#phases/backfill/limits';
import { listQuarantine } from '#phases/backfill/quarantine';
import { planWalk } from '#phases/backfill/ranges';
import { type Sent, send, type Walk } from '#phases/backfill/send';
import { encode, parametersOf } from '#phases/backfill/transform/encode';
import { givenColumns } from '#phases/backfill/transform/given-columns';
import { readChunk } from '#phases/backfill/transform/read';
import type { RunRow } from '#ports';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';
import {
  backfill,
  count,
  ledgerProblems,
  openRanges,
  SERVER,
  urlOf,
  useWorkshop,
  type Workshop,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { loud, start, WRONG } from './transform-fixture.js';

const TRANSFORMS = { transforms: async () => loud };
const SPAN = { lo: 0, hi: 1_000_000 };

async function claimed(shop: Workshop, run: RunRow): Promise<Walk> {
  await planWalk(shop, run, 0, 1);
  const [rangeId = 0] = await openRanges(shop.database, run.id);
  const range = await claim(shop.database, { runId: run.id, rangeId }, crypto.randomUUID());
  const [plan] = run.plan.backfills;
  if (range === null || plan === undefined) throw new Error('not claimed');
  const { leaf, leafOid, access } = range;
  const sql = renderBatches({ runId: run.id, leaf, leafOid, backfill: plan, primaryKey: ['id'], access });
  const { database, deps } = shop;
  // The lock must not run out before the application lets go of it.
  const limits = { ...batchLimits(SERVER, plan.triggers), lockTimeoutMs: 20_000, statementTimeoutMs: 25_000 };
  const { migration } = run;
  return {
    database,
    clock: deps.clock,
    emit: deps.emit,
    migration,
    range,
    sql,
    limits,
    strided: false,
    lanes: 1,
  };
}

const KIND = givenColumns([
  {
    name: 'kind',
    type: 'text',
    default: null,
    volatileDefault: false,
    plainEquality: true,
    requiredLater: false,
  },
]);

/** The pending rows of the range as the transform gives them, as parameters. */
async function given(walk: Walk): Promise<readonly string[]> {
  const chunk = await readChunk(walk, ['raw'], SPAN);
  if (chunk.kind === 'failed') throw new Error(chunk.trouble.name);
  const answers = loud(chunk.rows.map(({ values }) => values));
  const rows = chunk.rows.map(({ tid, xmin }, i) => ({ tid, xmin, given: answers[i] ?? {} }));
  const encoded = encode({ kind: 'given', rows, refused: [] }, KIND);
  if (encoded.kind !== 'given') throw new Error('not encoded');
  return parametersOf(encoded.rows, KIND);
}

function sendGiven(walk: Walk, rows: readonly string[], careful = false): Promise<Sent> {
  return send(walk, { kind: 'given', span: { lo: 0, hi: walk.range.hi }, rows, careful, stay: false });
}

const WAITS = `pg_stat_activity where application_name = 'bellows worker' and wait_event_type = 'Lock'`;

describe.each(MAJORS)('what a transform gave, on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each([
    [20, 'without statistics'],
    [5_000, 'without statistics'],
    [5_000, 'analysed before the walk'],
    [5_000, 'analysed after the walk'],
  ])('is found by its addresses: %i rows, %s', async (rows, statistics) => {
    const shop = await open();
    const walk = await claimed(shop, await start(shop, rows));
    const parameters = await given(walk);
    if (statistics === 'analysed after the walk') {
      await shop.app.query(`alter table events disable trigger user; update events set _bellows_1 = 'd'`);
    }
    if (statistics !== 'without statistics') await shop.app.query('analyze events');
    // As the catch-up has it; it serves the words of the marker, and holds whatever is pending.
    await shop.app.query(`create index pending on events (id) where _bellows_1 in ('p', 's')`);
    const { range, sql } = walk;
    for (const text of [sql.given?.direct, sql.given?.careful]) {
      const values = [range.id, 0, range.epoch, range.holder, 1, ...parameters];
      const lines = await shop.database.query<{ 'QUERY PLAN': string }>(
        `explain (costs off) ${text}`,
        values,
      );
      const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
      expect(plan).not.toMatch(/(Index|Bitmap Heap) Scan .*on events/);
      expect(plan).toMatch(/Update on events t(_\d)?\n(.*\n){1,8}? *-> +Hash Join/);
      // Reading the only block by addresses or as a whole table is the same.
      if (rows > 20) expect(plan).not.toContain('Seq Scan on events');
      if (rows > 20) expect(plan).toContain('Tid Scan on events');
    }
  });

  it.each([
    ['commits an update', `update events set raw = 'mine' where id <= 3`, 'commit', 3],
    ['takes its update back', `update events set raw = 'mine' where id <= 3`, 'rollback', 0],
    ['commits a write of the new side', `update events set kind = 'MINE' where id <= 3`, 'commit', 3],
    ['deletes', `delete from events where id <= 3`, 'commit', 3],
    ['only locks', `select from events where id <= 3 for update`, 'commit', 0],
  ])('waits for an application that %s', async (_, statement, end, changed) => {
    const shop = await open();
    const walk = await claimed(shop, await start(shop, 100));
    const rows = await given(walk);
    await shop.app.query('begin');
    await shop.app.query(statement);
    const before = `select id, raw, kind, _bellows_1 as m from events where id <= 3 order by id`;
    const mine = (await shop.app.query(before)).rows;
    const sent = sendGiven(walk, rows);
    await until(async () => (await count(shop.app, WAITS)) === 1, { timeoutMs: 15_000 });
    await shop.app.query(end);
    expect(await sent).toMatchObject({ kind: 'moved', rows: 100 - changed, locked: changed, suppressed: 0 });
    if (changed > 0) expect((await shop.app.query(before)).rows).toEqual(mine);
    expect(await count(shop.app, `events where kind = upper(raw) and id > 3 and _bellows_1 = 'd'`)).toBe(97);
    expect(await count(shop.app, `events where kind = upper(raw) and id <= 3`)).toBe(3 - changed);
  });

  it.each([false, true])(
    'does not land in a row that came to the same place: careful %s',
    async (careful) => {
      const shop = await open();
      const walk = await claimed(shop, await start(shop, 100));
      const rows = await given(walk);
      const at = `select ctid::text as tid from events where id in (1, 101)`;
      const { rows: was } = await shop.app.query(at);
      await shop.app.query(`delete from events where id = 1`);
      await shop.app.query(`vacuum events`);
      await shop.app.query(`insert into events values (101, 'another')`);
      expect((await shop.app.query(at)).rows).toEqual(was);
      expect(await sendGiven(walk, rows, careful)).toMatchObject({ rows: 99, locked: 1, suppressed: 0 });
      expect((await shop.app.query(`select kind from events where id = 101`)).rows).toEqual([{ kind: null }]);
    },
  );

  it('passes by a row that is locked for long, and leaves nothing else', async () => {
    const shop = await open(TRANSFORMS);
    const run = await start(shop, 1_000);
    await shop.app.query('begin');
    await shop.app.query(`update events set raw = 'mine' where id = 5`);
    await planWalk(shop, run, 0, 1);
    expect(await walkAll(shop, run)).toEqual(['done']);
    await shop.app.query('commit');
    expect(await count(shop.app, WRONG)).toBe(1);
    const left = 'select sum(left_behind)::integer as n, sum(rows)::integer as rows from bellows.batches';
    expect((await shop.app.query(left)).rows).toEqual([{ n: 1, rows: 999 }]);
    const retried = shop.events.filter(({ name }) => name === 'batch:failed').map(({ payload }) => payload);
    expect(retried).toEqual([expect.objectContaining({ outcome: 'retried', sqlstate: '55P03' })]);
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 1_000, quarantined: 0 });
    expect(await count(shop.app, WRONG)).toBe(0);
  });

  it('is kept from no row by writers that commit, roll back, lock and delete, and overwrites none', async () => {
    const shop = await open(TRANSFORMS);
    const run = await start(shop, 12_000);
    const writers = await Promise.all([0, 1, 2, 3].map((nth) => startWriter(urlOf(shop), nth)));
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    const written = (await Promise.all(writers.map((stop) => stop()))).flat();
    expect(written.length).toBeGreaterThan(100);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ quarantined: 0, openRanges: 0 });
    const different = `
      select w.*, e.raw as raw_found, e.kind as kind_found
      from jsonb_to_recordset($1) as w (id bigint, raw text, kind text)
      left join events e on e.id = w.id
      where e.raw is distinct from w.raw
        or e.kind is distinct from coalesce(w.kind, upper(w.raw))`;
    expect((await shop.app.query(different, [JSON.stringify(written)])).rows).toEqual([]);
    expect(await count(shop.app, `${WRONG} and kind not like 'MINE%'`)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });
});

interface Last {
  readonly id: number;
  readonly raw: string | null;
  readonly kind: string | null;
}

/** Writes rows that no other writer writes. Its stop gives what it last committed of each. */
async function startWriter(url: string, nth: number): Promise<() => Promise<readonly Last[]>> {
  const client = await connect(url);
  const last = new Map<number, Last>();
  let going = true;
  const write = async (turn: number) => {
    const id = 1 + nth + 4 * Math.floor(Math.random() * 3_000);
    const was = last.get(id) ?? { id, raw: `row ${id}`, kind: null };
    if (was.raw === null) return;
    const next = await changed(client, turn % 5, { ...was, raw: was.raw }, `${nth} ${turn}`);
    await sleep(turn % 4);
    const commits = turn % 3 > 0;
    await client.query(commits ? 'commit' : 'rollback');
    if (commits) last.set(id, next);
  };
  const running = (async () => {
    for (let turn = 0; going; turn += 1) await write(turn);
  })();
  return async () => {
    going = false;
    await running;
    return [...last.values()];
  };
}

async function changed(client: pg.Client, how: number, was: Last, raw: string): Promise<Last> {
  const { id } = was;
  await client.query('begin');
  switch (how) {
    case 0:
      await client.query('select from events where id = $1 for update', [id]);
      return was;
    case 1:
      await client.query('delete from events where id = $1', [id]);
      return { id, raw: null, kind: null };
    case 2:
      // Another each time: what is written anew as it was counts as not given.
      await client.query('update events set raw = $2, kind = $3 where id = $1', [id, raw, `MINE ${raw}`]);
      return { id, raw, kind: `MINE ${raw}` };
    default:
      await client.query('update events set raw = $2 where id = $1', [id, raw]);
      return { id, raw, kind: null };
  }
}

describe('rows that a trigger keeps from a transform', () => {
  const open = useWorkshop();

  it('are counted as left in the walk, and put aside after two sweeps', async () => {
    const shop = await open(TRANSFORMS);
    const run = await start(shop, 1_000);
    await shop.app.query(`create function keep() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger keep before update on events for each row when (old.id in (5, 900)) execute function keep()`);
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    const left = 'select sum(left_behind)::integer as n from bellows.batches';
    expect((await shop.app.query(left)).rows).toEqual([{ n: 2 }]);
    for (const pass of [2, 3]) {
      expect(await listQuarantine(shop.database, run.id)).toEqual([]);
      await until(() => planWalk(shop, run, 0, pass));
      await walkAll(shop, run);
    }
    const entries = await listQuarantine(shop.database, run.id);
    expect(entries.map(({ reason }) => reason)).toEqual(Array(2).fill('suppressed_by_trigger'));
    expect(entries.map(({ rowKey }) => rowKey.id).sort((a, b) => Number(a) - Number(b))).toEqual([5, 900]);
    expect(await count(shop.app, WRONG)).toBe(2);
  });
});

/**
 * Writers of every isolation level on the source of a copy, each on a connection of its own and on rows of its own. They
 * keep in mind what each row may hold, so that a write that is lost is seen. Only while the test itself takes the server away
 * may a connection be lost.
 */
import pg from 'pg';
import { expect } from 'vitest';
import { isLost } from './writers.js';

const PACE_MS = 5;
const LEVELS = ['read committed', 'repeatable read', 'read committed'];
/** Above READ COMMITTED a transaction meets other writers, and its keys may have been taken. */
const EXPECTED = new Set(['40001', '40P01', '23505']);
const FIRST_NEW = 1_000_000;

/** A row's `bio`; undefined: there is no such row. */
type Bio = string | null | undefined;

/** What it may hold: several where the answer to a write was lost. */
type Journal = Map<number, ReadonlySet<Bio>>;

export interface CopyWriters {
  readonly written: () => number;
  /** The test has written a row itself. */
  wrote(id: number, bio: string): void;
  /** While `work` runs, and until each writer has written again, connections may be lost. */
  outage(work: () => Promise<void>): Promise<void>;
  /** Ends them; fails on any error that they met. */
  stop(): Promise<void>;
  /** Every row of the source against what was written. To be called after `stop`, while the column is there. */
  check(client: pg.Client): Promise<void>;
}

interface Shared {
  readonly url: string;
  readonly rows: number;
  readonly journal: Journal;
  readonly errors: unknown[];
  readonly turns: number[];
  going: boolean;
  outages: number;
}

interface Write {
  readonly text: string;
  /** What it makes of each row that it concerns. */
  readonly makes: readonly (readonly [id: number, bio: (before: Bio) => Bio])[];
}

export const seedBio = (id: number): string | null => (id % 4 > 0 ? `bio ${id}` : null);

function chooseWrite({ rows, journal }: Shared, nth: number, turn: number): Write {
  const id = 1 + nth + LEVELS.length * Math.floor(Math.random() * (rows / LEVELS.length - 1));
  const fresh = FIRST_NEW + LEVELS.length * turn + nth;
  const [moved] = candidates(journal, id, rows);
  const set = (bio: string | null) => (before: Bio) => (before === undefined ? undefined : bio);
  const writes: readonly Write[] = [
    {
      text: `update users set bio = 'w${nth} ${turn}' where id = ${id}`,
      makes: [[id, set(`w${nth} ${turn}`)]],
    },
    { text: `update users set bio = null where id = ${id}`, makes: [[id, set(null)]] },
    {
      text: `update users set note = note || repeat('y', ${turn % 300}) where id between ${id} and ${id + 3}`,
      makes: [],
    },
    { text: `delete from users where id = ${id}`, makes: [[id, () => undefined]] },
    { text: `insert into users values (${fresh}, 'new')`, makes: [[fresh, () => 'new']] },
    {
      text: `update users set id = ${fresh} where id = ${id}`,
      makes: [
        [id, () => undefined],
        [fresh, () => moved],
      ],
    },
  ];
  return writes[turn % writes.length] as Write;
}

function candidates(journal: Journal, id: number, rows: number): ReadonlySet<Bio> {
  return journal.get(id) ?? new Set([id <= rows ? seedBio(id) : undefined]);
}

function remember({ journal, rows }: Shared, { makes }: Write, outcome: 'acknowledged' | 'unknown'): void {
  for (const [id, bio] of makes) {
    const before = candidates(journal, id, rows);
    journal.set(id, new Set([...(outcome === 'unknown' ? before : []), ...[...before].map(bio)]));
  }
}

async function connected(shared: Shared): Promise<pg.Client | null> {
  const client = new pg.Client({ connectionString: shared.url, application_name: 'writer' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    noteLoss(shared, error);
    return null;
  }
}

function noteLoss({ outages, errors }: Shared, error: unknown): void {
  if (outages === 0 || !isLost(error)) errors.push(error);
}

/** @returns whether the connection is still there. */
async function send(shared: Shared, client: pg.Client, nth: number, turn: number): Promise<boolean> {
  const write = chooseWrite(shared, nth, turn);
  const kept = turn % 9 !== 8;
  try {
    await client.query(`begin isolation level ${LEVELS[nth]}`);
    await client.query(write.text);
    await client.query(kept ? 'commit' : 'rollback');
    if (kept) remember(shared, write, 'acknowledged');
    shared.turns[nth] = turn;
    return true;
  } catch (error) {
    if (EXPECTED.has((error as { code?: string }).code ?? '')) {
      await client.query('rollback');
      return true;
    }
    noteLoss(shared, error);
    if (kept) remember(shared, write, 'unknown');
    await client.end().catch(() => undefined);
    return false;
  }
}

async function run(shared: Shared, nth: number): Promise<void> {
  let client: pg.Client | null = null;
  for (let turn = 1; shared.going; turn += 1) {
    client ??= await connected(shared);
    if (client !== null && !(await send(shared, client, nth, turn))) client = null;
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  await client?.end();
}

/** @param rows ids 1 to this are there. */
export function startCopyWriters(url: string, rows: number): CopyWriters {
  const turns = LEVELS.map(() => 0);
  const shared: Shared = { url, rows, journal: new Map(), errors: [], turns, going: true, outages: 0 };
  const all = Promise.all(LEVELS.map((_, nth) => run(shared, nth)));
  return {
    written: () => turns.reduce((sum, turn) => sum + turn, 0),
    wrote: (id, bio) => shared.journal.set(id, new Set([bio])),
    outage: async (work) => {
      shared.outages += 1;
      await work();
      const before = [...turns];
      for (let i = 0; i < 500 && !turns.every((turn, nth) => turn > (before[nth] ?? 0) + 1); i += 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      shared.outages -= 1;
    },
    stop: async () => {
      shared.going = false;
      await all;
      expect(shared.errors).toEqual([]);
    },
    check: (client) => check(client, shared),
  };
}

async function check(client: pg.Client, { journal, rows }: Shared): Promise<void> {
  const found = await client.query<{ id: number; bio: string | null }>('select id::integer, bio from users');
  const bios = new Map<number, Bio>(found.rows.map(({ id, bio }) => [id, bio]));
  expect(bios.size).toBe(found.rows.length);
  const seeds = Array.from({ length: rows }, (_, i) => i + 1);
  const ids = new Set([...seeds, ...journal.keys(), ...bios.keys()]);
  const wrong = [...ids].filter((id) => !candidates(journal, id, rows).has(bios.get(id)));
  expect(wrong.slice(0, 10)).toEqual([]);
}

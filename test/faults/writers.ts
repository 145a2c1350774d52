/**
 * Two deploys that write all the time, each on a connection of its own: the old one knows `full_name`, the new one
 * `first_name` and `last_name`. Both keep a journal. An error that the database gives them fails the test; only while the
 * test itself takes the server away may a connection be lost.
 */
import pg from 'pg';
import { expect } from 'vitest';
import { type Entry, type FoundRow, judgeRow, type Names, type Operation } from './journal.js';

const PACE_MS = 4;
const LOST = /^(08...|57P0[123])$/;

export interface Writers {
  readonly writes: number;
  /** The new deploy begins: once its columns are there. */
  startNew(): void;
  /** The old deploy ends: before the approval. */
  endOld(): Promise<void>;
  /** The new deploy ends: before a rollback. */
  endNew(): Promise<void>;
  /** While `work` runs, and until each deploy has a connection again, connections may be lost. */
  outage(work: () => Promise<void>): Promise<void>;
  /** Ends both; fails on any error that they met. */
  stop(): Promise<void>;
  /** Every row against the journal. To be called after `stop`. */
  check(client: pg.Client, seeds: ReadonlyMap<number, Names>): Promise<void>;
}

export interface WriterOptions {
  readonly url: string;
  /** Ids 1 to this are there. */
  readonly rows: number;
  readonly seed: number;
}

/** mulberry32: the choice of writes can be repeated from the seed, which failures print. */
function randomFrom(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What an application meets when the server goes away: the connection is gone, or cannot be made. */
export function isLost(error: unknown): boolean {
  const { code, message } = error as { code?: string; message: string };
  if (code === undefined) return /Connection terminated|not queryable|closed/.test(message);
  return LOST.test(code) || /^E[A-Z]+$/.test(code);
}

interface Shared {
  readonly options: WriterOptions;
  readonly entries: Entry[];
  readonly errors: string[];
  readonly ids: number[];
  nextId: number;
  outages: number;
}

class Deploy {
  readonly #shared: Shared;
  readonly #side: 'old' | 'new';
  readonly #random: () => number;
  #client: pg.Client | undefined;
  #ended = false;
  #count = 0;
  readonly #done: Promise<void>;

  constructor(shared: Shared, side: 'old' | 'new') {
    this.#shared = shared;
    this.#side = side;
    this.#random = randomFrom(shared.options.seed + (side === 'old' ? 1 : 2));
    this.#done = this.#run();
  }

  /** Connected, or at its end. */
  get settled(): boolean {
    return this.#ended || this.#client !== undefined;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      this.#client ??= await this.#connect();
      if (this.#client !== undefined) await this.#write(this.#client);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<pg.Client | undefined> {
    const client = new pg.Client({
      connectionString: this.#shared.options.url,
      application_name: this.#side === 'old' ? 'app/2' : 'app/3',
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      this.#lost(error);
      return undefined;
    }
  }

  #lost(error: unknown): void {
    const { code, message } = error as { code?: string; message: string };
    if (!isLost(error) || this.#shared.outages === 0)
      this.#shared.errors.push(`${this.#side} deploy: ${code} ${message}`);
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T;
  }

  #choose(): { readonly id: number; readonly operation: Operation } {
    const { ids } = this.#shared;
    const n = `${this.#side}${this.#count}`;
    const word = this.#random() < 0.1 ? `Mono${n}` : `Given${n} Family${n} of ${n}`;
    const dice = this.#random();
    // Some rows are hot: both deploys meet on them.
    const id = dice < 0.3 ? this.#pick(ids.slice(0, 40)) : this.#pick(ids);
    if (dice > 0.97) return { id: this.#pick(ids.slice(40)), operation: { kind: 'delete' } };
    if (dice > 0.87) {
      this.#shared.nextId += 1;
      const fresh = this.#shared.nextId;
      return {
        id: fresh,
        operation:
          this.#side === 'old'
            ? { kind: 'insert-old', full: word }
            : { kind: 'insert-new', first: `Given${n}`, last: `Family${n}` },
      };
    }
    if (dice > 0.7) return { id, operation: { kind: 'unrelated' } };
    if (this.#side === 'old') return { id, operation: { kind: 'old', full: word } };
    return this.#random() < 0.5
      ? { id, operation: { kind: 'new-last', last: `Married${n}` } }
      : { id, operation: { kind: 'new', first: `Given${n}`, last: `Family${n}` } };
  }

  async #write(client: pg.Client): Promise<void> {
    this.#count += 1;
    const tag = `${this.#side}-${this.#count}`;
    const { id, operation } = this.#choose();
    try {
      const rev = await send(client, tag, id, operation);
      this.#shared.entries.push({
        tag,
        id,
        operation,
        outcome: rev === null ? 'missed' : 'acknowledged',
        rev,
      });
      if (operation.kind.startsWith('insert')) this.#shared.ids.push(id);
    } catch (error) {
      this.#shared.entries.push({ tag, id, operation, outcome: 'unknown', rev: null });
      this.#client = undefined;
      this.#lost(error);
      await client.end().catch(() => undefined);
    }
  }
}

const TEXT: Readonly<Record<Operation['kind'], string>> = {
  'insert-old': 'insert into users (id, tag, full_name) values ($1, $2, $3) returning rev',
  'insert-new': 'insert into users (id, tag, first_name, last_name) values ($1, $2, $3, $4) returning rev',
  old: 'update users set tag = $2, rev = rev + 1, full_name = $3 where id = $1 returning rev',
  new: 'update users set tag = $2, rev = rev + 1, first_name = $3, last_name = $4 where id = $1 returning rev',
  'new-last': 'update users set tag = $2, rev = rev + 1, last_name = $3 where id = $1 returning rev',
  unrelated: `update users set tag = $2, rev = rev + 1, note = 'seen' where id = $1 returning rev`,
  delete: 'delete from users where id = $1 and $2::text is not null returning rev',
};

function valuesOf(operation: Operation): readonly string[] {
  if ('full' in operation) return [operation.full];
  if ('first' in operation) return [operation.first, operation.last];
  return 'last' in operation ? [operation.last] : [];
}

async function send(
  client: pg.Client,
  tag: string,
  id: number,
  operation: Operation,
): Promise<number | null> {
  const { rows } = await client.query<{ rev: number }>(TEXT[operation.kind], [
    id,
    tag,
    ...valuesOf(operation),
  ]);
  return rows[0]?.rev ?? null;
}

export function startWriters(options: WriterOptions): Writers {
  const shared: Shared = {
    options,
    entries: [],
    errors: [],
    ids: Array.from({ length: options.rows }, (_, i) => i + 1),
    nextId: 1_000_000,
    outages: 0,
  };
  const old = new Deploy(shared, 'old');
  let young: Deploy | undefined;
  const deploys = () => [old, ...(young === undefined ? [] : [young])];
  return {
    get writes() {
      return shared.entries.length;
    },
    startNew: () => {
      young ??= new Deploy(shared, 'new');
    },
    endOld: () => old.end(),
    endNew: async () => young?.end(),
    outage: async (work) => {
      shared.outages += 1;
      try {
        await work();
      } finally {
        // A connection that broke is noticed at its next write.
        const before = shared.entries.length;
        const settled = () => shared.entries.length > before + 20 && deploys().every((d) => d.settled);
        for (let i = 0; i < 500 && !settled(); i += 1)
          await new Promise((resolve) => setTimeout(resolve, 20));
        shared.outages -= 1;
      }
    },
    stop: async () => {
      await Promise.all(deploys().map((d) => d.end()));
      expect(shared.errors, `seed ${options.seed}`).toEqual([]);
    },
    check: (client, seeds) => check(client, shared, seeds),
  };
}

const SIDES = { full_name: 'full', first_name: 'first', last_name: 'last' } as const;

async function check(
  client: pg.Client,
  { entries, options }: Shared,
  seeds: ReadonlyMap<number, Names>,
): Promise<void> {
  const { rows: there } = await client.query<{ name: keyof typeof SIDES }>(
    `select attname as name from pg_attribute where attrelid = 'users'::regclass and attname = any ($1)`,
    [Object.keys(SIDES)],
  );
  const names = there.map(({ name }) => `${name} as ${SIDES[name]}`);
  const { rows } = await client.query<FoundRow>(
    `select ${['id::integer', 'rev', 'tag', ...names].join(', ')} from users`,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  const written = new Map<number, Entry[]>();
  for (const entry of entries) written.set(entry.id, [...(written.get(entry.id) ?? []), entry]);
  const ids = new Set([...seeds.keys(), ...written.keys(), ...found.keys()]);
  const wrong = [...ids].flatMap((id) =>
    judgeRow(written.get(id) ?? [], seeds.get(id) ?? null, found.get(id)).map((what) => `row ${id}: ${what}`),
  );
  expect(wrong.slice(0, 10), `seed ${options.seed}`).toEqual([]);
  expect(entries.filter((e) => e.outcome === 'acknowledged').length).toBeGreaterThan(100);
}

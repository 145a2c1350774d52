/** Rows of the ledger, written by hand. */
import type pg from 'pg';

export interface RunText {
  readonly migration: string;
  readonly state: Readonly<Record<string, unknown>> & { readonly kind: string };
  readonly tables?: readonly (readonly [schema: string, name: string])[];
  readonly expectedRows?: readonly (number | null)[];
  readonly pace?: Readonly<Record<string, unknown>>;
  readonly skips?: Readonly<Record<string, unknown>>;
}

export async function addRun(client: pg.ClientBase, run: RunText): Promise<string> {
  const plan = {
    tables: (run.tables ?? [['public', 'users']]).map(([schema, name]) => ({ schema, name })),
    backfills: (run.expectedRows ?? [1_000]).map((expectedRows, index) => ({ index, expectedRows })),
  };
  const { rows } = await client.query<{ id: string }>(
    `insert into bellows.runs (migration, checksum, plan, state, pace, skips)
     values ($1, 'abcdef0123456789', $2, $3, $4, $5)
     returning id::text`,
    [run.migration, plan, run.state, run.pace ?? {}, run.skips ?? {}],
  );
  return rows[0]!.id;
}

export interface RangeText {
  readonly run: string;
  readonly lo: number;
  readonly hi: number;
  readonly cursor: number;
  readonly state: 'open' | 'done' | 'void';
  readonly pass?: number;
  readonly backfill?: number;
  readonly rowsExpected?: number | null;
}

export async function addRange(client: pg.ClientBase, range: RangeText): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into bellows.ranges
       (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, state, rows_expected)
     values ($1, $2, $3, 1, 'public', 'users', 1, $4, $5, $6, $7, $8)
     returning id::text`,
    [
      range.run,
      range.backfill ?? 0,
      range.pass ?? 1,
      range.lo,
      range.hi,
      range.cursor,
      range.state,
      range.rowsExpected === undefined ? 500 : range.rowsExpected,
    ],
  );
  return rows[0]!.id;
}

/** `count` batches of `blocks` blocks and `rows` rows each, evenly over the last `seconds`, the first that long ago. */
export async function addBatches(
  client: pg.ClientBase,
  batch: {
    readonly run: string;
    readonly range: string;
    readonly count: number;
    readonly blocks: number;
    readonly rows: number;
    readonly seconds: number;
  },
): Promise<void> {
  await client.query(
    `insert into bellows.batches (run_id, range_id, lo, hi, rows, milliseconds, committed_at)
     select $1, $2, i * $4, (i + 1) * $4, $5, 80, clock_timestamp() - ($6::float8 * (1 - i / $3::float8)) * interval '1 s'
     from generate_series(0, $3::int - 1) as i`,
    [batch.run, batch.range, batch.count, batch.blocks, batch.rows, batch.seconds],
  );
}

export async function addChecks(
  client: pg.ClientBase,
  run: string,
  verdicts: Readonly<Record<string, string>>,
  ageSeconds = 10,
): Promise<void> {
  for (const [check, verdict] of Object.entries(verdicts)) {
    await client.query(
      `insert into bellows.checks (run_id, check_id, verdict, evidence, evaluated_at)
       values ($1, $2, $3, 'seen', clock_timestamp() - $4 * interval '1 s')
       on conflict (run_id, check_id) do update
       set verdict = excluded.verdict, evaluated_at = excluded.evaluated_at`,
      [run, check, verdict, ageSeconds],
    );
  }
}

export async function addHistory(
  client: pg.ClientBase,
  run: string,
  migration: string,
  at: number,
  action: string,
  detail: unknown,
): Promise<void> {
  await client.query(
    `insert into bellows.history (at, actor, migration, run_id, action, detail)
     values (to_timestamp($1), 'leader:host/1', $2, $3, $4, $5)`,
    [at, migration, run, action, JSON.stringify(detail)],
  );
}

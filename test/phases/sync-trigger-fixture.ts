import type pg from 'pg';
import { quote, quoteTable, type TableName } from '#core/identifier';
import type { Action, MappedColumn, MappingGroup, PlanColumn, SyncedBackfillPlan } from '#core/plan';
import { analyseExpression } from '#parser/analyse';
import { loadParser } from '#parser/load';
import { markerActions } from '#phases/expand/marker';
import { syncTriggerActions } from '#phases/expand/sync-trigger';
import type { Major } from '#servers/binaries';

export const MAJORS: readonly Major[] = [14, 15, 18];

export interface Sides {
  readonly forward: Readonly<Record<string, string>>;
  readonly backward?: Readonly<Record<string, string>>;
  /** The old side; default: what the expressions of `forward` read and `backward` writes. */
  readonly verifiable?: boolean;
}

export interface Setup {
  readonly table: string | TableName;
  readonly groups: readonly Sides[];
  readonly requiredLater?: readonly string[];
  readonly restores?: boolean;
}

/** Reads the catalogue as a plan does, names qualified by an empty search_path. The new columns must be there. */
export async function planFor(client: pg.Client, setup: Setup): Promise<SyncedBackfillPlan> {
  await loadParser();
  const table = typeof setup.table === 'string' ? { schema: 'public', name: setup.table } : setup.table;
  const columns = await columnsOf(client, table, setup.requiredLater ?? []);
  return {
    index: 0,
    kind: 'synced',
    table,
    partitioned: false,
    expectedRows: null,
    triggers: 'none',
    marker: '_bellows_1',
    insertTrigger: '~bellows_1_i',
    updateTrigger: '~bellows_1_u',
    triggerFunction: 'sync_1',
    restores: setup.restores ?? true,
    groups: setup.groups.map((sides) => groupOf(sides, table, columns)),
  };
}

function groupOf(sides: Sides, table: TableName, columns: ReadonlyMap<string, PlanColumn>): MappingGroup {
  const mapped = (set: Readonly<Record<string, string>>): MappedColumn[] =>
    Object.entries(set).map(([name, text]) => ({
      ...found(columns, name),
      expression: analyseExpression(text, { table: table.name }),
    }));
  const forward = mapped(sides.forward);
  const backward = mapped(sides.backward ?? {});
  const sources = new Set([...forward.flatMap((c) => c.expression.columns), ...backward.map((c) => c.name)]);
  return { sources: [...sources].map((name) => found(columns, name)), forward, backward, verifiable: true };
}

function found(columns: ReadonlyMap<string, PlanColumn>, name: string): PlanColumn {
  const column = columns.get(name);
  if (column === undefined) throw new Error(`no column ${name}`);
  return column;
}

interface CatalogueRow {
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
  readonly volatile: boolean;
}

async function columnsOf(client: pg.Client, table: TableName, requiredLater: readonly string[]) {
  await client.query('begin');
  await client.query(`set local search_path = ''`);
  const { rows } = await client.query<CatalogueRow>(
    `select a.attname as name,
       format_type(a.atttypid, a.atttypmod) as type,
       pg_get_expr(d.adbin, d.adrelid) as default,
       coalesce(pg_get_expr(d.adbin, d.adrelid) ~ '(nextval|random|clock_timestamp|gen_random_uuid)', false) as volatile
     from pg_attribute a
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
    [quoteTable(table)],
  );
  await client.query('commit');
  return new Map(
    rows.map((row) => [
      row.name,
      {
        name: row.name,
        type: row.type,
        default: row.default,
        volatileDefault: row.volatile,
        plainEquality:
          ['integer', 'bigint', 'boolean', 'text', 'uuid'].includes(row.type) ||
          row.type.startsWith('character varying'),
        requiredLater: requiredLater.includes(row.name),
      } satisfies PlanColumn,
    ]),
  );
}

export async function run(client: pg.Client, actions: readonly Action[]): Promise<void> {
  await client.query('begin');
  for (const action of actions) await client.query(action.sql);
  await client.query('commit');
}

/** Marker and triggers on a table that has its new columns. */
export async function install(client: pg.Client, setup: Setup): Promise<SyncedBackfillPlan> {
  await client.query('create schema if not exists bellows');
  const plan = await planFor(client, setup);
  await run(client, [...markerActions(plan), ...syncTriggerActions(plan)]);
  return plan;
}

/** What the batch does to all rows at once. */
export function batchSql(plan: SyncedBackfillPlan): string {
  const marker = quote(plan.marker);
  const set = plan.groups
    .flatMap((group) => group.forward)
    .map(
      (c) =>
        `${quote(c.name)} = (${c.expression.parts.map((p) => (typeof p === 'string' ? p : quote(p.column))).join('')})`,
    );
  return `update ${quoteTable(plan.table)} set ${[...set, `${marker} = 'd'`].join(', ')} where ${marker} = 'p'`;
}

export const SPLIT: Sides = {
  forward: {
    first_name: `split_part(full_name, ' ', 1)`,
    last_name: `substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`,
  },
  backward: { full_name: `concat_ws(' ', first_name, nullif(last_name, ''))` },
};

/** The seed's table and its trigger, five rows old, then expanded. */
export async function users(client: pg.Client, columns = ''): Promise<void> {
  await client.query(`
    create table users (
      id int generated by default as identity primary key,
      full_name text not null,
      age int,
      updated_at timestamptz not null default '2000-01-01'
      ${columns}
    );
    create function update_updated_at_column() returns trigger as $$
    begin
      new.updated_at = current_timestamp;
      return new;
    end;
    $$ language 'plpgsql';
    create trigger update_users_updated_at before update on users
      for each row execute function update_updated_at_column();
    insert into users (full_name) select 'Ann Lee' || n from generate_series(1, 5) n;
    alter table users add column first_name varchar(100), add column last_name varchar(100);
  `);
}

import { type Column, readColumns } from '../columns.js';
import { type Address, address, type DumpObject, RANK, type Reader } from '../object.js';
import { optionsOf, withOptions } from '../reader.js';
import { type Check, readChecks } from './checks.js';
import { type Identity, readIdentities } from './identities.js';
import { type NotNull, readNotNulls } from './not-nulls.js';

interface TableRow extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly bareName: string;
  readonly kind: 'r' | 'p' | 'f';
  readonly create: string;
  /** ` OF type`, empty: none. */
  readonly ofType: string;
  readonly partition: boolean;
  /** Parents of plain inheritance, in order; or the one of a partition. */
  readonly parents: readonly { readonly oid: number; readonly name: string }[];
  /** `FOR VALUES …` or `DEFAULT`; null: no partition. */
  readonly bound: string | null;
  /** What follows the list of columns. */
  readonly tail: string;
  /** Statements about the whole table that are no part of its creation. */
  readonly settings: readonly string[];
}

interface Parts {
  readonly columns: readonly Column[];
  readonly checks: readonly Check[];
  readonly notNulls: ReadonlyMap<string, NotNull>;
  readonly identities: ReadonlyMap<string, Identity>;
}

/** Ordinary, partitioned and foreign tables. Partitions are made by themselves and attached, so that each keeps its own order of columns. */
export const tables: Reader = async (reading) => {
  const rows = await reading.session.query<TableRow>(TABLES, [reading.oids('pg_class')]);
  const oids = rows.map(({ oid }) => oid);
  const columns = await readColumns(reading, oids);
  const checks = await readChecks(reading);
  const identities = await readIdentities(reading, oids);
  const notNulls = await readNotNulls(reading, oids);
  return rows.flatMap((row) =>
    objectsOf(row, {
      columns: columns.get(row.oid) ?? [],
      checks: checks.get(row.oid) ?? [],
      identities: identities.get(row.oid) ?? new Map(),
      notNulls: notNulls.get(row.oid) ?? new Map(),
    }),
  );
};

function objectsOf(row: TableRow, parts: Parts): readonly DumpObject[] {
  const self = address('pg_class', row.oid);
  const parents = row.parents.map(({ oid }) => address('pg_class', oid));
  const table = tableOf(row, parts, self);
  const later = parts.checks
    .filter((check) => isLater(row, check))
    .map((check) => checkLater(row, check, self));
  return [table, ...attachOf(row, parts, self, parents), ...later];
}

function tableOf(row: TableRow, parts: Parts, self: Address): DumpObject {
  const inline = parts.checks.filter((check) => isInline(row, check));
  const defaults = parts.columns.flatMap((column) =>
    column.default === null ? [] : [column.default.address],
  );
  const unwritten = parts.checks.filter((check) => !isInline(row, check) && !isLater(row, check));
  const whole: DumpObject = {
    owns: [self, ...defaults, ...[...inline, ...unwritten].map((check) => check.address)],
    rank: RANK.table,
    name: row.name,
    sql: [create(row, parts, inline, true), ...afterwards(row, parts, true)],
    // A serial column's sequence is owned by it: that is said later. A partition is attached later.
    ...(byClause(row, parts) ? {} : { without: row.parents.map(({ oid }) => address('pg_class', oid)) }),
  };
  return { ...whole, split: () => pieces(row, parts, self, inline) };
}

/** The bare table, and what may need functions that need the table. What is generated cannot be told apart from its column. */
function pieces(row: TableRow, parts: Parts, self: Address, inline: readonly Check[]): readonly DumpObject[] {
  const generated = parts.columns.flatMap(({ default: value, generated }) =>
    value !== null && generated !== '' ? [value.address] : [],
  );
  const bare: DumpObject = {
    owns: [self, ...generated],
    rank: RANK.table,
    name: row.name,
    sql: [create(row, parts, [], false), ...afterwards(row, parts, false)],
    ...(byClause(row, parts) ? {} : { without: row.parents.map(({ oid }) => address('pg_class', oid)) }),
  };
  const defaults = parts.columns.flatMap((column) =>
    column.default === null || column.generated !== ''
      ? []
      : [
          {
            owns: [column.default.address],
            rank: RANK.default,
            name: `${row.name}.${column.name}`,
            sql: [setDefault(row, column.name, column.default.text)],
            needs: [self],
          },
        ],
  );
  return [bare, ...defaults, ...inline.map((check) => checkLater(row, check, self))];
}

/** Whether it is made with INHERITS: only so are its columns its parents' alone. */
function byClause(row: TableRow, { columns }: Parts): boolean {
  return !row.partition && row.parents.length > 0 && columns.some(({ local }) => !local);
}

/** A partition has its parent's checks before it is attached; a child by INHERITS gets them. */
function isInline(row: TableRow, check: Check): boolean {
  return check.valid && (check.local || row.partition);
}

/** Those that are not validated are told apart, since in CREATE TABLE they would count as valid. */
function isLater(_row: TableRow, check: Check): boolean {
  return !check.valid && check.local;
}

function checkLater(row: TableRow, check: Check, self: Address): DumpObject {
  return {
    owns: [check.address],
    rank: RANK.check,
    name: `${row.name} ${check.name}`,
    // Not ONLY: partitions and children have it too.
    sql: [`ALTER ${word(row)} ${row.name} ADD CONSTRAINT ${check.name} ${check.definition}`],
    needs: [self],
  };
}

function create(row: TableRow, parts: Parts, inline: readonly Check[], withDefaults: boolean): string {
  const clause = byClause(row, parts);
  const columns = parts.columns
    .filter((column) => !clause || column.local)
    .map((column) => columnText(row, column, parts, withDefaults))
    .filter((text) => text !== '');
  const lines = [...columns, ...inline.map(({ name, definition }) => `CONSTRAINT ${name} ${definition}`)];
  const list =
    lines.length > 0
      ? ` (\n${lines.map((line) => `    ${line}`).join(',\n')}\n)`
      : row.ofType === ''
        ? ' ()'
        : '';
  const inherits = clause ? `\nINHERITS (${row.parents.map(({ name }) => name).join(', ')})` : '';
  return `${row.create}${row.ofType}${list}${inherits}${row.tail}`;
}

function columnText(row: TableRow, column: Column, parts: Parts, withDefaults: boolean): string {
  const options = [
    ...(column.collation === null || row.ofType !== '' ? [] : [`COLLATE ${column.collation}`]),
    ...(column.foreignOptions === null ? [] : [`OPTIONS (${column.foreignOptions})`]),
    ...valueText(row, column, parts, withDefaults),
    ...notNullText(column, parts, byClause(row, parts)),
  ];
  if (row.ofType === '') return [column.name, column.type, ...options].join(' ');
  return options.length === 0 ? '' : [column.name, 'WITH OPTIONS', ...options].join(' ');
}

function valueText(row: TableRow, column: Column, parts: Parts, withDefaults: boolean): readonly string[] {
  const identity = parts.identities.get(column.bareName);
  // A partition's identity is its parent's, from version 17 on.
  if (column.identity !== '' && identity !== undefined && !row.partition) return [identity.text];
  if (column.default === null) return [];
  if (column.generated !== '')
    return [
      `GENERATED ALWAYS AS (${column.default.text}) ${column.generated === 's' ? 'STORED' : 'VIRTUAL'}`,
    ];
  return withDefaults ? [`DEFAULT ${column.default.text}`] : [];
}

function notNullText(column: Column, { notNulls }: Parts, clause: boolean): readonly string[] {
  if (!column.notNull) return [];
  const named = notNulls.get(column.bareName);
  if (named === undefined) return clause && column.inherited && column.parentNotNull ? [] : ['NOT NULL'];
  if (!named.valid || (clause && !named.local)) return [];
  const name = named.name === null ? '' : `CONSTRAINT ${named.name} `;
  return [`${name}NOT NULL${named.noInherit ? ' NO INHERIT' : ''}`];
}

/** What the columns of an INHERITS clause have beyond their parents', and every setting. */
function afterwards(row: TableRow, parts: Parts, withDefaults: boolean): readonly string[] {
  const inheritedOnly = byClause(row, parts) ? parts.columns.filter(({ local }) => !local) : [];
  return [
    ...(withDefaults
      ? inheritedOnly.flatMap(({ name, default: value, generated }) =>
          value === null || generated !== '' ? [] : [setDefault(row, name, value.text)],
        )
      : []),
    ...inheritedOnly
      .filter(
        ({ notNull, parentNotNull, bareName }) => notNull && !parentNotNull && !parts.notNulls.has(bareName),
      )
      .map(({ name }) => `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${name} SET NOT NULL`),
    ...laterNotNulls(row, parts, inheritedOnly),
    ...parts.columns.flatMap(({ name, settings }) =>
      settings.map((setting) => `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${name} ${setting}`),
    ),
    ...row.settings,
  ];
}

/** Since version 18: NOT NULL that is not validated, and what a child adds to a column of its parent. */
function laterNotNulls(row: TableRow, parts: Parts, inheritedOnly: readonly Column[]): readonly string[] {
  const later = (column: Column, { valid, local }: NotNull) =>
    local && (!valid || inheritedOnly.includes(column));
  return parts.columns.flatMap((column) => {
    const constraint = parts.notNulls.get(column.bareName);
    return constraint !== undefined && later(column, constraint)
      ? [`ALTER ${word(row)} ${row.name} ADD CONSTRAINT ${constraint.fullName} ${constraint.definition}`]
      : [];
  });
}

function attachOf(
  row: TableRow,
  parts: Parts,
  self: Address,
  parents: readonly Address[],
): readonly DumpObject[] {
  if (byClause(row, parts)) return [];
  return row.parents.map((parent, i) => ({
    owns: [],
    rank: RANK.attach,
    name: row.partition ? `${parent.name} ${row.name}` : `${row.name} ${i}`,
    sql: [
      row.partition
        ? `ALTER TABLE ONLY ${parent.name} ATTACH PARTITION ${row.name} ${row.bound ?? ''}`
        : `ALTER ${word(row)} ONLY ${row.name} INHERIT ${parent.name}`,
    ],
    needs: [self, ...parents],
  }));
}

function setDefault(row: TableRow, column: string, text: string): string {
  return `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${column} SET DEFAULT ${text}`;
}

function word({ kind }: TableRow): string {
  return kind === 'f' ? 'FOREIGN TABLE' : 'TABLE';
}

const TABLES = `
select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name, c.relname::text as "bareName",
  c.relkind::text as kind, c.relispartition as partition,
  concat('CREATE ', case when c.relkind = 'f' then 'FOREIGN ' when c.relpersistence = 'u' then 'UNLOGGED ' end,
    format('TABLE %I.%I', n.nspname, c.relname)) as create,
  coalesce(' OF ' || nullif(c.reloftype, 0)::regtype, '') as "ofType",
  coalesce((select json_agg(json_build_object('oid', p.oid::int8, 'name', format('%I.%I', pn.nspname, p.relname))
      order by i.inhseqno)
    from pg_inherits i
    join pg_class p on p.oid = i.inhparent
    join pg_namespace pn on pn.oid = p.relnamespace
    where i.inhrelid = c.oid), '[]') as parents,
  pg_get_expr(c.relpartbound, c.oid) as bound,
  concat(
    E'\\nPARTITION BY ' || pg_get_partkeydef(c.oid),
    (select E'\\nSERVER ' || quote_ident(s.srvname) || ${optionsOf('ft.ftoptions')}
      from pg_foreign_table ft join pg_foreign_server s on s.oid = ft.ftserver
      where ft.ftrelid = c.oid),
    case when a.amname <> 'heap' then ' USING ' || quote_ident(a.amname) end,
    replace(${withOptions('c')}, ' WITH (', E'\\nWITH (')
  ) as tail,
  array_remove(array[
    case when c.relkind <> 'f' and c.relreplident in ('n', 'f') then format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', n.nspname, c.relname,
      case c.relreplident when 'n' then 'NOTHING' else 'FULL' end) end,
    case when c.relrowsecurity then format('ALTER TABLE ONLY %I.%I ENABLE ROW LEVEL SECURITY', n.nspname, c.relname) end,
    case when c.relforcerowsecurity then format('ALTER TABLE ONLY %I.%I FORCE ROW LEVEL SECURITY', n.nspname, c.relname) end
  ], null) as settings
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_am a on a.oid = c.relam
where c.oid = any($1::oid[])
and c.relkind in ('r', 'p', 'f')`;

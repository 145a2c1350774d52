import { type Column, readColumns } from '../columns.js';
import { type Address, address, type DumpObject, RANK, type Reader } from '../object.js';
import { type Check, readChecks } from './checks.js';
import { readIdentities } from './identities.js';
import { readNotNulls } from './not-nulls.js';
import { TABLES, type TableRow } from './table-rows.js';
import { afterwards, byClause, create, type Parts, setDefault, word } from './table-text.js';

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
  return [
    tableOf(row, parts, self),
    ...attachOf(row, parts, self),
    ...parts.checks.filter((check) => !isInline(row, check)).map((check) => checkLater(row, check, self)),
  ];
}

function tableOf(row: TableRow, parts: Parts, self: Address): DumpObject {
  const inline = parts.checks.filter((check) => isInline(row, check));
  const table = {
    rank: RANK.table,
    name: row.name,
    // What is attached later needs its parents later.
    without: byClause(row, parts) ? [] : parentsOf(row),
  };
  const own = [self, ...[...parts.notNulls.values()].map((constraint) => constraint.address)];
  const generated = defaultsOf(parts.columns.filter((column) => column.generated !== ''));
  const settable = parts.columns.filter((column) => column.generated === '');
  return {
    ...table,
    owns: [...own, ...defaultsOf(parts.columns), ...inline.map((check) => check.address)],
    sql: [create(row, parts, inline, true), ...afterwards(row, parts, true)],
    // The bare table, and what may need functions that need the table. A generated column is what it is from the start.
    split: () => [
      {
        ...table,
        owns: [...own, ...generated],
        sql: [create(row, parts, [], false), ...afterwards(row, parts, false)],
      },
      ...settable.flatMap((column) => defaultLater(row, column, self)),
      ...inline.map((check) => checkLater(row, check, self)),
    ],
  };
}

function parentsOf({ parents }: TableRow): readonly Address[] {
  return parents.map(({ oid }) => address('pg_class', oid));
}

function defaultsOf(columns: readonly Column[]): readonly Address[] {
  return columns.flatMap((column) => (column.default === null ? [] : [column.default.address]));
}

function defaultLater(row: TableRow, column: Column, self: Address): readonly DumpObject[] {
  if (column.default === null) return [];
  const { address: own, text } = column.default;
  const name = `${row.name}.${column.name}`;
  return [
    { owns: [own], rank: RANK.default, name, sql: [setDefault(row, column.name, text)], needs: [self] },
  ];
}

/**
 * In CREATE TABLE a check counts as validated. A partition has its parent's checks before it is attached; a child by
 * INHERITS gets them.
 */
function isInline(row: TableRow, check: Check): boolean {
  return check.valid && (check.local || row.partition);
}

function checkLater(row: TableRow, check: Check, self: Address): DumpObject {
  const own = check.local || isInline(row, check);
  return {
    owns: [check.address],
    rank: own ? RANK.check : RANK.inheritedCheck,
    name: `${row.name} ${check.name}`,
    sql: own ? [addition(row, check)] : inherited(row, check),
    needs: [self],
  };
}

/** Not ONLY: partitions and children have it too. */
function addition(row: TableRow, { name, definition }: Check): string {
  return `ALTER ${word(row)} ${row.name} ADD CONSTRAINT ${name} ${definition}`;
}

/** One that is a parent's alone comes with the parent's, and as that is. */
function inherited(row: TableRow, { name, validatedAlone }: Check): readonly string[] {
  return validatedAlone ? [`ALTER ${word(row)} ${row.name} VALIDATE CONSTRAINT ${name}`] : [];
}

function attachOf(row: TableRow, parts: Parts, self: Address): readonly DumpObject[] {
  if (byClause(row, parts)) return [];
  return row.parents.map(({ oid, name }, i) => ({
    owns: [],
    rank: RANK.attach,
    name: row.partition ? `${name} ${row.name}` : `${row.name} ${i}`,
    sql: [
      row.partition
        ? `ALTER TABLE ONLY ${name} ATTACH PARTITION ${row.name} ${row.bound ?? ''}`
        : `ALTER ${word(row)} ONLY ${row.name} INHERIT ${name}`,
    ],
    needs: [self, address('pg_class', oid)],
  }));
}

/** Rows that refer to a row that is not there. */
import type { WantedForeignKey } from '#core/data-checks';
import {
  displayTable,
  generatedName,
  parseTable,
  quote,
  quoteList,
  quoteTable,
  sameTable,
  type TableName,
} from '#core/identifier';
import { counted } from '#core/numbers';
import { type ForeignKey, readForeignKeys } from './foreign-keys.js';
import { orUnknown, scan } from './look.js';
import { sizeOf } from './sizes.js';
import { unreadable } from './unreadable.js';
import { byWhom, isThere, wantedTable } from './wanted-table.js';
import { type Check, type CheckWorld, finding, inTurn, type Part, together, unknown } from './world.js';

export const orphans: Check = async (world) => {
  const keys = await readForeignKeys(world);
  const suspects = keys.filter((key) => !isVouchedFor(key) || (world.deep && !key.temporal));
  const known = await inTurn(suspects, (key) => existing(world, key));
  const wanted = await inTurn(world.wanted.foreignKeys, (key) => declared(world, key, keys));
  const did = summary(keys.length + world.wanted.foreignKeys.length, keys.length - suspects.length);
  return together([{ did, unknown: unreadable(world) }, ...known, ...wanted]);
};

function summary(all: number, skipped: number): readonly string[] {
  if (all === 0) return ['there is no foreign key, and none is to come'];
  if (skipped === 0) return [];
  return [
    `${counted(skipped, 'validated foreign key')}: the server vouches for them, not scanned (--deep does)`,
  ];
}

function isVouchedFor({ validated, enforced, disabled }: ForeignKey): boolean {
  return validated && enforced && !disabled;
}

function existing(world: CheckWorld, key: ForeignKey): Promise<Part> {
  const table = displayTable(key.table);
  const why = reasonOf(key);
  if (key.temporal) {
    const next = `alter table ${quoteTable(key.table)} validate constraint ${quote(key.name)} finds out.`;
    return Promise.resolve({
      unknown: [unknown({ table, why: `${key.name} compares periods (${why}); only the server can`, next })],
    });
  }
  return scanKey(world, { ...key, shown: `${key.name} (${why})`, mend: mendOf(key) });
}

function reasonOf({ enforced, disabled, validated }: ForeignKey): string {
  if (!enforced) return 'NOT ENFORCED';
  if (disabled) return 'its triggers are disabled';
  return validated ? 'validated' : 'NOT VALID';
}

function mendOf({ table, name, validated, enforced }: ForeignKey): readonly string[] {
  if (validated || !enforced) return [];
  return [`alter table ${quoteTable(table)} validate constraint ${quote(name)};`];
}

/** One that exists by now is looked at as what it is. */
async function declared(
  world: CheckWorld,
  wanted: WantedForeignKey,
  keys: readonly ForeignKey[],
): Promise<Part> {
  const [from, to] = [
    await wantedTable(world, wanted),
    await wantedTable(world, { ...wanted, table: wanted.references, columns: wanted.referencedColumns }),
  ];
  if (!isThere(from)) return from;
  if (!isThere(to)) return to;
  const referencedColumns = wanted.referencedColumns.length === 0 ? to.primaryKey : wanted.referencedColumns;
  if (referencedColumns.length !== wanted.columns.length) {
    const why = `the key of ${wanted.columns.length} columns (${byWhom(wanted.by)}) refers to one of ${referencedColumns.length} in ${to.shown}`;
    return { unknown: [unknown({ table: from.shown, why, next: 'Correct the foreign key.' })] };
  }
  if (keys.some((key) => isSame(key, wanted))) return {};
  const columns = quoteList(wanted.columns);
  const name = generatedName(from.table.name, ...wanted.columns, 'fkey');
  const key = `foreign key (${columns}) references ${quoteTable(to.table)} (${quoteList(referencedColumns)})`;
  return scanKey(world, {
    ...{ oid: from.oid, table: from.table, references: to.table, columns: wanted.columns },
    ...{
      referencedColumns,
      matchFull: false,
      operators: wanted.columns.map(() => '='),
    },
    shown: `${columns} → ${to.shown} (${byWhom(wanted.by)})`,
    mend:
      wanted.by === null
        ? [`alter table ${quoteTable(from.table)} add constraint ${quote(name)} ${key} not valid;`]
        : ['bellows up'],
  });
}

function isSame(key: ForeignKey, wanted: WantedForeignKey): boolean {
  return (
    sameTable(key.table, parseTable(wanted.table)) &&
    sameTable(key.references, parseTable(wanted.references)) &&
    key.columns.join() === wanted.columns.join()
  );
}

interface Relationship {
  readonly oid: number;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly references: TableName;
  readonly referencedColumns: readonly string[];
  readonly operators: readonly string[];
  readonly matchFull: boolean;
  readonly shown: string;
  /** After the rows are right. */
  readonly mend: readonly string[];
}

function scanKey(world: CheckWorld, key: Relationship): Promise<Part> {
  const table = displayTable(key.table);
  return orUnknown(world, table, async () => {
    const size = await sizeOf(world, key.oid, table);
    const part = await scan<{ count: number }>(
      world,
      'orphans',
      size,
      `select count(*) as count ${orphanRows(key)}`,
      (row) => judge(key, row?.count ?? 0),
    );
    return { did: [`${table}: scanned for ${key.shown}`], ...part };
  });
}

function judge(key: Relationship, count: number): Part {
  if (count === 0) return {};
  const references = displayTable(key.references);
  return {
    findings: [
      finding({
        ...{ table: displayTable(key.table), object: key.shown, count },
        means: `${counted(count, 'row')} refer${count === 1 ? 's' : ''} to rows of ${references} that are not there: joins lose them, and the foreign key cannot be relied on.`,
        mend: [
          `-- look at them, then add the rows that are missing, or take the references away:`,
          `select c.* ${orphanRows(key)};`,
          ...key.mend,
        ],
      }),
    ],
  };
}

/** As the server itself validates: MATCH SIMPLE forgives a key that is partly NULL, MATCH FULL only one that is all NULL. */
function orphanRows({
  table,
  columns,
  references,
  referencedColumns,
  operators,
  matchFull,
}: Relationship): string {
  const given = columns.map((c) => `c.${quote(c)} is not null`).join(matchFull ? ' or ' : ' and ');
  const same = columns
    .map((c, i) => `p.${quote(referencedColumns[i] ?? '')} ${operators[i] ?? '='} c.${quote(c)}`)
    .join(' and ');
  return `from ${quoteTable(table)} c where (${given}) and not exists (select from ${quoteTable(references)} p where ${same})`;
}

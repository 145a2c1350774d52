/** Rows that a unique key, which is to come, would refuse. */
import type { WantedUnique } from '#core/data-checks';
import { quote, quoteTable } from '#core/identifier';
import { counted } from '#core/numbers';
import { readIndexes, type UsableIndex } from './indexes.js';
import { orUnknown, scan } from './look.js';
import { sizeOf } from './sizes.js';
import { unreadable } from './unreadable.js';
import { byWhom, isThere, type WantedTable, wantedTable } from './wanted-table.js';
import { type Check, type CheckWorld, finding, inTurn, type Part, together } from './world.js';

export const duplicates: Check = async (world) => {
  const { unique } = world.wanted;
  const indexes = unique.length === 0 ? [] : await readIndexes(world);
  const did =
    unique.length === 0
      ? ['no unique key is wanted: by no migration that is not done, nor by the configuration']
      : [];
  return together([
    { did, unknown: unreadable(world) },
    ...(await inTurn(unique, (wanted) => one(world, wanted, indexes))),
  ]);
};

async function one(world: CheckWorld, wanted: WantedUnique, indexes: readonly UsableIndex[]): Promise<Part> {
  const columns = wanted.keys.flatMap(({ column }) => column ?? []);
  const found = await wantedTable(world, { ...wanted, columns });
  if (!isThere(found)) return found;
  const proof = indexes.find((index) => index.tableOid === found.oid && proves(index, wanted, columns));
  const shown = shownKey(found, wanted);
  if (proof !== undefined && !world.deep)
    return { did: [`${shown}: the unique index ${proof.name} holds it, not scanned`] };
  return orUnknown(world, found.shown, async () => {
    const size = await sizeOf(world, found.oid, found.shown);
    const text = `select count(*) as groups, coalesce(sum(n), 0)::bigint as rows from (${groups(found, wanted)}) d`;
    const part = await scan<Counted>(world, 'duplicates', size, text, (row) => judge(found, wanted, row));
    return { did: [`${shown}: scanned (${byWhom(wanted.by)})`], ...part };
  });
}

interface Counted extends Record<string, unknown> {
  readonly groups: number;
  readonly rows: number;
}

/** Unique over fewer of the columns is unique over all of them. */
function proves(
  { unique, columns, where }: UsableIndex,
  wanted: WantedUnique,
  names: readonly string[],
): boolean {
  if (!unique || where !== null || names.length !== wanted.keys.length) return false;
  return columns.every((column) => column !== null && names.includes(column));
}

function keysOf(wanted: WantedUnique): readonly string[] {
  return wanted.keys.map(({ column, expression }) =>
    column === undefined ? `(${expression ?? 'null'})` : quote(column),
  );
}

function shownKey({ shown }: WantedTable, wanted: WantedUnique): string {
  const keys = wanted.keys.map(({ column, expression }) => column ?? expression ?? '').join(', ');
  return `${shown} (${keys})${wanted.where === null ? '' : ` where ${wanted.where}`}`;
}

/** NULL is no duplicate of NULL. */
function groups({ table }: WantedTable, wanted: WantedUnique): string {
  const keys = keysOf(wanted);
  const conditions = [
    ...keys.map((key) => `${key} is not null`),
    ...(wanted.where === null ? [] : [`(${wanted.where})`]),
  ];
  return `select count(*) as n from ${quoteTable(table)} where ${conditions.join(' and ')} group by ${keys.join(', ')} having count(*) > 1`;
}

function judge(found: WantedTable, wanted: WantedUnique, row: Counted | undefined): Part {
  const { groups: count = 0, rows = 0 } = row ?? {};
  if (count === 0) return {};
  const keys = keysOf(wanted).join(', ');
  return {
    findings: [
      finding({
        ...{ table: found.shown, object: `(${keys}), ${byWhom(wanted.by)}`, count },
        means: `${counted(count, 'value')} of the key ${count === 1 ? 'is' : 'are'} shared by ${counted(rows, 'row')}: the unique key cannot be built while they are.`,
        mend: [
          '-- look at them, then decide which row keeps its key:',
          `select ${keys}, ${groups(found, wanted).replace('select count(*) as n', 'count(*)')};`,
        ],
      }),
    ],
  };
}

/** NULLs in columns that are to become NOT NULL. */
import type { WantedNotNull } from '#core/data-checks';
import { quote, quoteTable } from '#core/identifier';
import { counted } from '#core/numbers';
import { readIndexes, type UsableIndex } from './indexes.js';
import { askByIndex, look, orUnknown, scan } from './look.js';
import { sizeOf } from './sizes.js';
import { unreadable } from './unreadable.js';
import { byWhom, isThere, type WantedTable, wantedTable } from './wanted-table.js';
import { type Check, type CheckWorld, finding, inTurn, type Part, together } from './world.js';

export const nulls: Check = async (world) => {
  const { notNull } = world.wanted;
  const indexes = notNull.length === 0 ? [] : await readIndexes(world);
  const did =
    notNull.length === 0
      ? ['no column is to become NOT NULL: by no migration that is not done, nor by the configuration']
      : [];
  return together([
    { did, unknown: unreadable(world) },
    ...(await inTurn(notNull, (wanted) => one(world, wanted, indexes))),
  ]);
};

async function one(world: CheckWorld, wanted: WantedNotNull, indexes: readonly UsableIndex[]): Promise<Part> {
  const shown = `${wanted.table}.${wanted.column}`;
  if (wanted.filled)
    return { did: [`${shown}: ${wanted.by ?? 'its migration'} fills it and proves it itself`] };
  const found = await wantedTable(world, { ...wanted, columns: [wanted.column] });
  if (!isThere(found)) return found;
  if (found.required.has(wanted.column)) return { did: [`${shown}: NOT NULL already, not scanned`] };
  // A btree holds NULLs too.
  const index = indexes.find(
    (i) => i.tableOid === found.oid && i.where === null && i.columns[0] === wanted.column,
  );
  return orUnknown(world, found.shown, () =>
    index === undefined ? byScan(world, found, wanted) : byIndex(world, found, wanted, index),
  );
}

const missing = ({ table }: WantedTable, { column }: WantedNotNull): string =>
  `from ${quoteTable(table)} where ${quote(column)} is null`;

async function byIndex(
  world: CheckWorld,
  found: WantedTable,
  wanted: WantedNotNull,
  index: UsableIndex,
): Promise<Part> {
  const [row] = await askByIndex<{ count: number }>(
    world,
    `select count(*) as count ${missing(found, wanted)}`,
  );
  const did = [`${found.shown}.${wanted.column}: counted in the index ${index.name} (${byWhom(wanted.by)})`];
  return { did, ...judge(found, wanted, { count: row?.count ?? 0, estimated: false }) };
}

/** Ends at the first NULL; that there is none only the whole table tells. */
async function byScan(world: CheckWorld, found: WantedTable, wanted: WantedNotNull): Promise<Part> {
  const size = await sizeOf(world, found.oid, found.shown);
  const share = await nullShare(world, found, wanted);
  const estimate = Math.max(1, Math.round((share ?? 0) * (size.rows ?? 0)));
  const text = `select exists (select ${missing(found, wanted)}) as there`;
  const part = await scan<{ there: boolean }>(world, 'nulls', size, text, (row) =>
    judge(found, wanted, { count: row?.there === false ? 0 : estimate, estimated: true }),
  );
  const hint = share === null ? 'no statistics' : `statistics: ${(share * 100).toFixed(1)} % NULL`;
  return {
    did: [`${found.shown}.${wanted.column}: scanned up to the first NULL (${hint}; ${byWhom(wanted.by)})`],
    ...part,
  };
}

async function nullShare(
  world: CheckWorld,
  { table }: WantedTable,
  { column }: WantedNotNull,
): Promise<number | null> {
  const [row] = await look<{ share: number }>(
    world,
    `select max(null_frac)::float8 as share
     from pg_catalog.pg_stats
     where schemaname = $1
     and tablename = $2
     and attname = $3`,
    [table.schema, table.name, column],
  );
  return row?.share ?? null;
}

function judge(
  found: WantedTable,
  wanted: WantedNotNull,
  { count, estimated }: { readonly count: number; readonly estimated: boolean },
): Part {
  if (count === 0) return {};
  const update = `update ${quoteTable(found.table)} set ${quote(wanted.column)} = … where ${quote(wanted.column)} is null;`;
  return {
    findings: [
      finding({
        ...{ table: found.shown, object: wanted.column, count, estimated },
        means: `${estimated ? 'about ' : ''}${counted(count, 'row')} hold${count === 1 ? 's' : ''} NULL: NOT NULL (${byWhom(wanted.by)}) cannot be set while they do.`,
        mend: [
          `-- or in batches, by a backfill: { set: { ${wanted.column}: … }, where: sql\`${wanted.column} is null\` }`,
          update,
        ],
      }),
    ],
  };
}

/** Integers that run out: sequences, keys, and the columns that refer to a wider key. Never by a scan. */
import { displayTable, quote, quoteTable, type TableName } from '#core/identifier';
import { counted } from '#core/numbers';
import { type ForeignKey, readForeignKeys } from './foreign-keys.js';
import { readIndexes, type UsableIndex } from './indexes.js';
import {
  RANGE,
  readSequences,
  readSmallIntegers,
  type SequenceUse,
  type SmallInteger,
} from './integer-columns.js';
import { askByIndex, orUnknown } from './look.js';
import { type Check, type CheckWorld, finding, type Part, together, unknown } from './world.js';

/** One number on its way to an end. */
interface Used {
  readonly table: string | null;
  readonly object: string;
  readonly percent: number;
  /** What ends, in words. */
  readonly what: string;
  readonly mend: readonly string[];
}
type Measured = { readonly used: Used } | Part;

export const integerRange: Check = async (world) => {
  const sequences = await readSequences(world);
  const small = await readSmallIntegers(world);
  const [keys, indexes] = [await readForeignKeys(world), await readIndexes(world)];
  const measured = [
    ...sequences.map(ofSequence),
    ...(await each(keysWithoutSequence(small, indexes, sequences), (key) => ofKey(world, key))),
    ...(await each(narrowReferences(small, keys, sequences), (narrow) =>
      ofReference(world, narrow, sequences),
    )),
  ];
  const used = measured.flatMap((one) => ('used' in one ? [one.used] : []));
  const parts = measured.flatMap((one) => ('used' in one ? [] : [one]));
  return together([
    { did: [summary(used, world)], findings: used.filter(over(world)).map(said(world)) },
    ...parts,
  ]);
};

function ofSequence(use: SequenceUse): Measured {
  const name = displayTable(use.sequence);
  if (use.percent === null) {
    const next = `grant select on sequence ${quoteTable(use.sequence)} to this role, or run the check as the owner.`;
    return {
      unknown: [
        unknown({
          table: use.table && displayTable(use.table),
          why: `the sequence ${name} may not be read`,
          next,
        }),
      ],
    };
  }
  const column = use.column === null || use.table === null ? null : { table: use.table, column: use.column };
  const byType = column !== null && !use.sequenceEndsFirst;
  return {
    used: {
      table: column && displayTable(column.table),
      object: column?.column ?? name,
      percent: use.percent,
      what: byType ? `the type ${use.type ?? ''}, fed by the sequence ${name},` : `the sequence ${name}`,
      mend:
        byType && use.type !== 'bigint'
          ? widen(column.table, column.column)
          : [`alter sequence ${quoteTable(use.sequence)} as bigint no maxvalue;`],
    },
  };
}

interface Key {
  readonly column: SmallInteger;
  readonly index: UsableIndex;
}

/** Keys that the application numbers itself. */
function keysWithoutSequence(
  small: readonly SmallInteger[],
  indexes: readonly UsableIndex[],
  sequences: readonly SequenceUse[],
): readonly Key[] {
  return small.flatMap((column) => {
    const index = indexes.find(
      (i) =>
        i.unique &&
        i.where === null &&
        i.tableOid === column.oid &&
        i.columns.length === 1 &&
        i.columns[0] === column.column,
    );
    const fed = sequences.some((s) => s.oid === column.oid && s.column === column.column);
    return index === undefined || fed ? [] : [{ column, index }];
  });
}

function ofKey(world: CheckWorld, { column, index }: Key): Promise<Measured> {
  const { type } = column;
  return measuring(world, index.table, async () => ({
    table: displayTable(index.table),
    object: column.column,
    percent: share(await endOf(world, index.table, column.column), type),
    what: `the type ${type}, by the end of the index ${index.name},`,
    mend: widen(index.table, column.column),
  }));
}

interface Narrow {
  readonly key: ForeignKey;
  readonly column: SmallInteger;
  readonly referenced: string;
}

/** A referencing column of a smaller type than the key's: it ends first, and the key's own check sees nothing of it. */
function narrowReferences(
  small: readonly SmallInteger[],
  keys: readonly ForeignKey[],
  sequences: readonly SequenceUse[],
): readonly Narrow[] {
  const typeOf = (oid: number, name: string) => small.find((c) => c.oid === oid && c.column === name);
  return keys.flatMap((key) =>
    key.columns.flatMap((name, i) => {
      const [column, referenced = ''] = [typeOf(key.oid, name), key.referencedColumns[i]];
      const wide = typeOf(key.referencedOid, referenced);
      if (column === undefined || (wide !== undefined && RANGE[wide.type] <= RANGE[column.type])) return [];
      const own = sequences.some((s) => s.oid === key.oid && s.column === name);
      return own ? [] : [{ key, column, referenced }];
    }),
  );
}

function ofReference(
  world: CheckWorld,
  { key, column, referenced }: Narrow,
  sequences: readonly SequenceUse[],
): Promise<Measured> {
  const feeding = sequences.find(
    (s) => s.oid === key.referencedOid && s.column === referenced && s.percent !== null,
  );
  return measuring(world, key.references, async () => {
    const last =
      feeding === undefined ? await endOf(world, key.references, referenced) : Number(feeding.last ?? 0);
    return {
      table: displayTable(key.table),
      object: column.column,
      percent: share(last, column.type),
      what: `the type ${column.type}, which refers to the wider ${displayTable(key.references)}.${referenced},`,
      mend: widen(key.table, column.column),
    };
  });
}

/** The last entry of the index. A referenced column always has one, since it is unique. */
async function endOf(world: CheckWorld, table: TableName, column: string): Promise<number> {
  const [row] = await askByIndex<{ last: number | string | null }>(
    world,
    `select max(${quote(column)}) as last from ${quoteTable(table)}`,
  );
  return Number(row?.last ?? 0);
}

async function measuring(
  world: CheckWorld,
  table: TableName,
  measure: () => Promise<Used>,
): Promise<Measured> {
  let used: Used | null = null;
  const part = await orUnknown(world, displayTable(table), async () => {
    used = await measure();
    return {};
  });
  return used === null ? part : { used };
}

async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<Measured>,
): Promise<readonly Measured[]> {
  const all: Measured[] = [];
  for (const item of items) all.push(await work(item));
  return all;
}

function share(last: number, type: SmallInteger['type']): number {
  return Math.max(0, Math.round((1000 * last) / RANGE[type]) / 10);
}

function widen(table: TableName, column: string): readonly string[] {
  return [
    `-- a phased migration of ${displayTable(table)} widens it while the application goes on: a bigint column beside it, a backfill`,
    `-- from ${column}, the swap in contract. (alter column … type bigint rewrites the table, and blocks it for as long.)`,
  ];
}

const over =
  ({ integerPercent }: CheckWorld) =>
  ({ percent }: Used) =>
    percent >= integerPercent;

const said =
  ({ integerPercent }: CheckWorld) =>
  ({ table, object, percent, what, mend }: Used) =>
    finding({
      ...{ table, object, mend },
      means: `${percent} % of ${what} are used up (from ${integerPercent} % on it is a finding): at the end every insert fails.`,
    });

function summary(used: readonly Used[], { integerPercent }: CheckWorld): string {
  const [first] = [...used].sort((a, b) => b.percent - a.percent);
  const highest =
    first === undefined
      ? ''
      : `; the highest: ${first.table === null ? '' : `${first.table}.`}${first.object} ${first.percent} %`;
  return `sequences and ends of indexes, no scan: ${counted(used.length, 'number')}, threshold ${integerPercent} %${highest}`;
}

/** Foreign keys whose own side has no index: each delete or key change of a referenced row scans the table. */
import { displayTable, quoteList, quoteTable } from '#core/identifier';
import { counted } from '#core/numbers';
import { type ForeignKey, readForeignKeys } from './foreign-keys.js';
import { leadsWith, readIndexes, type UsableIndex } from './indexes.js';
import { type Check, finding } from './world.js';

export const unindexedForeignKeys: Check = async (world) => {
  const [keys, indexes] = [await readForeignKeys(world), await readIndexes(world)];
  const bare = keys.filter((key) => !indexes.some((index) => covers(index, key)));
  return {
    did: [`read from the catalogue: ${counted(keys.length, 'foreign key')}, ${bare.length} without an index`],
    findings: bare.map(({ table, columns, name, references }) =>
      finding({
        ...{ table: displayTable(table), object: name },
        means: `No index begins with ${columns.join(', ')}: each row of ${displayTable(references)} that is deleted, or whose key changes, scans ${displayTable(table)} and holds its lock for as long.`,
        mend: [`create index concurrently on ${quoteTable(table)} (${quoteList(columns)});`],
      }),
    ),
  };
};

/** An index over the rows that have a key will do: the others refer to nothing. */
function covers(index: UsableIndex, { oid, columns }: ForeignKey): boolean {
  if (index.tableOid !== oid) return false;
  const [only] = columns;
  const partial =
    columns.length === 1 && /^\("?([^"]+)"? IS NOT NULL\)$/.exec(index.where ?? '')?.[1] === only;
  return leadsWith(partial ? { ...index, where: null } : index, columns);
}

/** What the parts of a definition mean to each other, as far as it can be told without reading SQL. */
import { type AnyOperation, backfillsOf, type Definition, filledBy, setOf } from '#core/definition';
import { displayTable, parseTable } from '#core/identifier';
import {
  addedTo,
  addsUnseen,
  allOperations,
  operationsOf,
  type Placed,
  placedBackfills,
  tableOf,
} from './parts.js';
import { type Problem, problem } from './problems.js';
import { suggestion } from './suggest.js';

export function ruleProblems(definition: Definition): readonly Problem[] {
  return RULES.flatMap((rule) => rule(definition));
}

const RULES: readonly ((definition: Definition) => readonly Problem[])[] = [
  emptyMigration,
  missingTables,
  columnsTwice,
  addedAndDropped,
  foreignKeyColumns,
  createdKeys,
  backfillsOfOneTable,
  setColumns,
  reverseColumns,
  readColumns,
  deploysForTransforms,
];

function emptyMigration(definition: Definition): readonly Problem[] {
  const parts = allOperations(definition).length + backfillsOf(definition).length;
  return parts > 0
    ? []
    : [problem('', 'does nothing: it has no operation in `expand` or `contract`, and no `backfill`')];
}

function missingTables(definition: Definition): readonly Problem[] {
  const parts: readonly Placed<{ readonly kind?: string; readonly table?: string }>[] = [
    ...allOperations(definition),
    ...placedBackfills(definition),
  ];
  return parts
    .filter(
      ({ part }) =>
        part.kind !== 'dropTable' &&
        part.kind !== 'createTable' &&
        part.kind !== 'statement' &&
        tableOf(part, definition) === null,
    )
    .map(({ path, part }) => {
      const how = part.kind === undefined ? 'give the backfill one' : "address it with on('table', …)";
      return problem(`${path}.table`, `is missing: give the migration a \`table\`, or ${how}`);
    });
}

function columnsTwice(definition: Definition): readonly Problem[] {
  const seen = new Map<string, string>();
  return allOperations(definition).flatMap(({ path, part }) => {
    if (part.kind !== 'addColumn' && part.kind !== 'dropColumn' && part.kind !== 'setNotNull') return [];
    const key = JSON.stringify([part.kind, tableOf(part, definition), part.column]);
    const first = seen.get(key);
    seen.set(key, first ?? path);
    return first === undefined
      ? []
      : [problem(`${path}.column`, `"${part.column}" has had its ${part.kind} already, in ${first}`)];
  });
}

function addedAndDropped(definition: Definition): readonly Problem[] {
  const contract = operationsOf(definition, 'contract');
  const dropped = new Set(
    contract.flatMap(({ part }) => (part.kind === 'dropColumn' ? [columnKey(part, definition)] : [])),
  );
  return contract.flatMap(({ path, part }) => {
    if (part.kind === 'dropColumn' && addedTo(tableOf(part, definition), definition).has(part.column)) {
      return [problem(`${path}.column`, `"${part.column}" is added by \`expand\` of the same migration`)];
    }
    if (part.kind === 'setNotNull' && dropped.has(columnKey(part, definition))) {
      return [problem(`${path}.column`, `"${part.column}" is dropped by the same \`contract\``)];
    }
    return [];
  });
}

function columnKey(part: AnyOperation & { readonly column: string }, definition: Definition): string {
  return JSON.stringify([tableOf(part, definition), part.column]);
}

function foreignKeyColumns(definition: Definition): readonly Problem[] {
  return allOperations(definition).flatMap(({ path, part }) => {
    if (part.kind !== 'addForeignKey' || part.columns.length === part.referencedColumns.length) return [];
    const message = `names ${part.referencedColumns.length}, where \`columns\` names ${part.columns.length}: each column refers to one`;
    return [problem(`${path}.referencedColumns`, message)];
  });
}

function createdKeys(definition: Definition): readonly Problem[] {
  return operationsOf(definition, 'expand').flatMap(({ path, part }) => {
    if (part.kind !== 'createTable') return [];
    const wrong = part.primaryKey.filter((column) => !Object.hasOwn(part.columns, column));
    return wrong.map((column) =>
      problem(`${path}.primaryKey`, `names "${column}", which is none of its columns`),
    );
  });
}

function backfillsOfOneTable(definition: Definition): readonly Problem[] {
  const seen = new Map<string, string>();
  return placedBackfills(definition).flatMap(({ path, part }) => {
    const into = part.copy === undefined ? [] : [displayTable(parseTable(part.copy.into))];
    return [tableOf(part, definition), ...into].flatMap((table) => {
      if (table === null) return [];
      const first = seen.get(table);
      seen.set(table, first ?? path);
      const message = `"${table}" has a backfill already, in ${first}: put all its columns into one, so that each row is written once`;
      return first === undefined ? [] : [problem(path, message)];
    });
  });
}

/** A synced backfill fills what `expand` adds; to fill what is there already takes a `where`. */
function setColumns(definition: Definition): readonly Problem[] {
  if (addsUnseen(definition)) return [];
  return placedBackfills(definition).flatMap(({ path, part }) => {
    if (part.where !== undefined || part.delete !== undefined || part.copy !== undefined) return [];
    const added = addedTo(tableOf(part, definition), definition);
    const list = part.transform === undefined ? 'set' : 'write';
    const unknown = filledBy(part).filter((column) => !added.has(column));
    return unknown.map((column) =>
      problem(`${path}.${list}.${column}`, notAdded(column, [...added], tableOf(part, definition))),
    );
  });
}

function notAdded(column: string, added: readonly string[], table: string | null): string {
  const what = `\`expand\` does not add "${column}" to "${table}"`;
  const where = 'to fill a column that is there already, say in `where` which rows need it';
  return added.length === 0 ? `${what}; ${where}` : `${what} (${suggestion(column, added)}); ${where}`;
}

function reverseColumns(definition: Definition): readonly Problem[] {
  return placedBackfills(definition).flatMap(({ path, part }) => {
    if (part.reverse === undefined || part.reverse === 'none') return [];
    const added = addedTo(tableOf(part, definition), definition);
    const wrong = Object.keys(part.reverse).filter(
      (column) => added.has(column) || Object.hasOwn(setOf(part), column),
    );
    return wrong.map((column) =>
      problem(
        `${path}.reverse.${column}`,
        `"${column}" is on the new side: \`reverse\` gives the old columns from the new ones`,
      ),
    );
  });
}

function readColumns(definition: Definition): readonly Problem[] {
  return placedBackfills(definition).flatMap(({ path, part }) => {
    if (part.transform === undefined) return [];
    const both = part.read.filter((column) => part.write.includes(column));
    return both.map((column) =>
      problem(
        `${path}.read.${column}`,
        `"${column}" is in \`write\` too: what is computed cannot be its own source`,
      ),
    );
  });
}

/** No trigger can compute TypeScript, so contract has to wait for deploys that no longer write the old side alone. */
function deploysForTransforms(definition: Definition): readonly Problem[] {
  const transforms = backfillsOf(definition).some((backfill) => backfill.transform !== undefined);
  if (!transforms || (definition.contract ?? []).length === 0) return [];
  if (Object.keys(definition.gate?.deployed ?? {}).length > 0) return [];
  const message =
    'is missing: no trigger can compute a transform, so say from which version on each application writes the new columns itself';
  return [problem('gate.deployed', message)];
}

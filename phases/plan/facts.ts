/** Reads from the catalogue all that a plan needs, once, before anything is decided. */
import type { AnalysedMigration } from '#core/analysed-migration';
import type { RoutineFacts, ServerFacts, TableFacts } from '#core/catalogue-facts';
import { type AnyOperation, backfillsOf, type Definition, newColumns } from '#core/definition';
import { DefinitionError, RefusedError } from '#core/errors';
import { displayTable, parseTable, quoteTable, sameTable } from '#core/identifier';
import type { Catalogue } from '#ports';
import { createdTables, factsOfCreated, isCreated } from './created.js';

export interface PlanningFacts {
  readonly server: ServerFacts;
  /** By quoted name. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** Those that the migration makes, as they will be. */
  readonly created: ReadonlyMap<string, TableFacts>;
  readonly routines: ReadonlyMap<string, RoutineFacts>;
  /** Type as the file writes it -> as PostgreSQL prints it. */
  readonly types: ReadonlyMap<string, string>;
  readonly builtInTypes: ReadonlySet<string>;
  readonly volatileDefaults: ReadonlySet<string>;
  /** Conditions of backfills that pick no rows, by their text: why, in the server's words. */
  readonly unfitConditions: ReadonlyMap<string, string>;
}

export async function gatherFacts(
  catalogue: Catalogue,
  migration: AnalysedMigration,
): Promise<PlanningFacts> {
  const { definition } = migration;
  const expressions = [...migration.expressions.values()];
  const routines = await catalogue.routines([
    ...new Set(expressions.flatMap((e) => e.functions.map((f) => f.name))),
  ]);
  const typeNames = [
    ...new Set(
      expressions.flatMap((e) => e.types.map((t) => (t.schema === null ? t.name : `${t.schema}.${t.name}`))),
    ),
  ];
  const types = await readTypes(catalogue, definition);
  return {
    server: await catalogue.server(),
    tables: await readTables(catalogue, definition),
    created: await foreseen(catalogue, definition, types),
    routines: new Map(routines.map((r) => [r.name, r])),
    types,
    builtInTypes: new Set(await catalogue.builtInTypes(typeNames)),
    volatileDefaults: await readVolatile(catalogue, definition),
    unfitConditions: await readUnfit(catalogue, definition, types),
  };
}

export function operationsOf(definition: Definition): readonly AnyOperation[] {
  return [...(definition.expand ?? []), ...(definition.contract ?? [])];
}

/** The tables that must be there and be served, as the file writes them; one that is only dropped is not read. */
function servedTables(definition: Definition): readonly string[] {
  const named = operationsOf(definition)
    .filter(
      (o) =>
        o.kind !== 'dropTable' &&
        o.kind !== 'createTable' &&
        (o.kind !== 'statement' || o.table !== undefined || definition.table !== undefined),
    )
    .map((o) => tableOf(o, definition));
  const filled = backfillsOf(definition).flatMap((b) => [
    tableOf(b, definition),
    ...(b.copy === undefined ? [] : [b.copy.into]),
  ]);
  return [...new Set([...named, ...filled])].filter((written) => !isCreated(parseTable(written), definition));
}

export function tableOf(part: { readonly table?: string | undefined }, definition: Definition): string {
  const table = part.table ?? definition.table;
  if (table !== undefined) return table;
  throw new DefinitionError({
    what: 'An operation names no table, and neither does the migration.',
    left: 'Nothing was changed.',
    next: "Give the migration a `table`, or address the operation with on('table', …).",
  });
}

async function readTables(
  catalogue: Catalogue,
  definition: Definition,
): Promise<ReadonlyMap<string, TableFacts>> {
  const tables = new Map<string, TableFacts>();
  for (const written of servedTables(definition)) {
    const name = parseTable(written);
    const facts = await catalogue.table(name);
    if (facts === null) throw missingTable(displayTable(name));
    if (facts.refusals.length > 0) throw refusedTable(displayTable(name), facts.refusals);
    tables.set(quoteTable(name), facts);
  }
  return tables;
}

async function foreseen(
  catalogue: Catalogue,
  definition: Definition,
  types: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, TableFacts>> {
  const made = createdTables(definition).map((o) => factsOfCreated(o, (type) => types.get(type) ?? type));
  for (const { table } of made) {
    if ((await catalogue.table(table)) !== null) throw takenTable(displayTable(table));
  }
  return new Map(made.map((facts) => [quoteTable(facts.table), facts]));
}

/** Types with the columns that the file gives them to. */
function typedColumns(definition: Definition): readonly { readonly name: string; readonly type: string }[] {
  return (definition.expand ?? []).flatMap((o) => {
    if (o.kind === 'createTable') return newColumns(o);
    return o.kind === 'addColumn' ? [{ name: o.column, type: o.type }] : [];
  });
}

async function readTypes(catalogue: Catalogue, definition: Definition): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  for (const { name: column, type } of typedColumns(definition)) {
    if (types.has(type)) continue;
    const name = await catalogue.typeName(type);
    if (name === null) throw unknownType(column, type);
    types.set(type, name);
  }
  return types;
}

async function readVolatile(catalogue: Catalogue, definition: Definition): Promise<ReadonlySet<string>> {
  const volatile = new Set<string>();
  for (const operation of definition.expand ?? []) {
    if (operation.kind !== 'addColumn' || operation.default === undefined) continue;
    if (await catalogue.isVolatile(operation.default.text)) volatile.add(operation.default.text);
  }
  return volatile;
}

async function readUnfit(
  catalogue: Catalogue,
  definition: Definition,
  types: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const unfit = new Map<string, string>();
  for (const backfill of backfillsOf(definition)) {
    const condition = backfill.delete ?? backfill.where ?? backfill.copy?.where;
    if (condition === undefined) continue;
    const table = parseTable(tableOf(backfill, definition));
    const added = (definition.expand ?? []).flatMap((o) =>
      o.kind === 'addColumn' && sameTable(parseTable(tableOf(o, definition)), table)
        ? [{ name: o.column, type: types.get(o.type) ?? o.type }]
        : [],
    );
    const why = await catalogue.conditionProblem(table, added, condition.text);
    if (why !== null) unfit.set(condition.text, why);
  }
  return unfit;
}

function missingTable(table: string): RefusedError {
  return new RefusedError({
    what: `There is no table ${table}.`,
    why: 'The migration names it, and the role that Bellows connects as does not see it.',
    next: 'Check the name (`schema.table`; without a schema it is `public`), and that the migration that creates it was run.',
  });
}

function takenTable(table: string): RefusedError {
  return new RefusedError({
    what: `There is a table ${table} already, which the migration is to create.`,
    why: 'Whether it is the same is not known, and a rollback would drop it.',
    next: 'Choose another name, or leave out createTable where the table is meant that is there.',
  });
}

function refusedTable(table: string, reasons: readonly string[]): RefusedError {
  return new RefusedError({
    what: `${table} cannot be served.`,
    why: reasons.join('; '),
    next: 'Change what is named above, or move this table by hand.',
  });
}

function unknownType(column: string, type: string): RefusedError {
  return new RefusedError({
    what: `The server does not know the type "${type}" of column ${column}.`,
    next: 'Correct the type in the migration file, or create it first.',
  });
}

/** What is to hold later: what the configuration declares, and what migrations that are not done will demand. */
import type { Wanted, WantedForeignKey, WantedNotNull, WantedUnique } from '#core/data-checks';
import { type AnyOperation, backfillsOf, type Definition, setOf } from '#core/definition';
import { displayTable, parseTable } from '#core/identifier';
import { isSql } from '#core/sql';
import type { SqlMigration } from '#core/sql-migration';
import { innerState } from '#core/state';
import { wantedInSql } from '#everyday/checks/wanted-in-sql';
import { readLedger } from '#everyday/sql/ledger';
import type { Context } from './context.js';
import { isInstalled } from './status.js';

export async function wantedLater(context: Context): Promise<Wanted> {
  const project = await context.project();
  const runs = (await isInstalled(context)) ? await context.store.runs() : [];
  const isDone = (id: string) =>
    runs.some((run) => run.migration === id && innerState(run.state).kind === 'done');
  const files = project.migrations.filter(({ id }) => !isDone(id));
  const plain = await pendingPlain(context, project.plain);
  const read = await Promise.all(
    plain.map(async (file) => ({ file: file.file, wishes: await wantedInSql(file) })),
  );
  const wishes = [
    ...files.map(({ id, definition }) => wishesOf(id, definition)),
    ...read.flatMap((one) => one.wishes ?? []),
  ];
  const { foreignKeys, unique, notNull } = context.settings.checks;
  return {
    foreignKeys: [
      ...foreignKeys.map((key) => ({ ...key, by: null })),
      ...wishes.flatMap((wish) => wish.foreignKeys ?? []),
    ],
    unique: [
      ...unique.map(({ table, columns }) => ({
        table,
        keys: columns.map((column) => ({ column })),
        where: null,
        by: null,
      })),
      ...wishes.flatMap((wish) => wish.unique ?? []),
    ],
    notNull: [
      ...notNull.map((column) => ({ ...column, by: null, filled: false })),
      ...wishes.flatMap((wish) => wish.notNull ?? []),
    ],
    unreadable: [
      ...project.problems.filter(({ id }) => id !== null && !isDone(id)).map(({ file }) => file),
      ...read.filter((one) => one.wishes === null).map(({ file }) => file),
    ],
  };
}

async function pendingPlain(
  { database, settings }: Context,
  files: readonly SqlMigration[],
): Promise<readonly SqlMigration[]> {
  const { applied } = await readLedger(database, parseTable(settings.migrationsTable));
  return files.filter(({ version }) => !applied.has(version));
}

type Wishes = Omit<Wanted, 'unreadable'>;

function wishesOf(by: string, definition: Definition): Wishes {
  const operations = [...(definition.expand ?? []), ...(definition.contract ?? [])];
  const of = <W>(pick: (operation: AnyOperation, table: string) => readonly W[]): readonly W[] =>
    operations.flatMap((operation) => pick(operation, operation.table ?? definition.table ?? ''));
  return {
    foreignKeys: of<WantedForeignKey>((o, table) =>
      o.kind === 'addForeignKey'
        ? [
            {
              table,
              columns: o.columns,
              references: o.references,
              referencedColumns: o.referencedColumns,
              by,
            },
          ]
        : [],
    ),
    unique: of<WantedUnique>((o, table) => uniqueOf(o, table, by)),
    notNull: of<WantedNotNull>((o, table) =>
      o.kind === 'setNotNull'
        ? [{ table, column: o.column, by, filled: isFilled(definition, table, o.column) }]
        : [],
    ),
  };
}

function uniqueOf(operation: AnyOperation, table: string, by: string): readonly WantedUnique[] {
  if (operation.kind === 'addUnique')
    return [{ table, keys: operation.columns.map((column) => ({ column })), where: null, by }];
  if (operation.kind !== 'createIndex' || operation.unique !== true) return [];
  const keys = operation.columns.map((c) => (isSql(c) ? { expression: c.text } : { column: c }));
  return [{ table, keys, where: operation.where?.text ?? null, by }];
}

function isFilled(definition: Definition, table: string, column: string): boolean {
  const same = (other: string) => displayTable(parseTable(other)) === displayTable(parseTable(table));
  return backfillsOf(definition).some(
    (backfill) => same(backfill.table ?? definition.table ?? '') && column in setOf(backfill),
  );
}

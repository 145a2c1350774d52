/** What a plain SQL migration will demand of rows that are there already: unique keys, foreign keys, NOT NULLs. */
import type { AlterTableCmd, AlterTableStmt, Constraint, IndexStmt, Node, RangeVar } from 'libpg-query';
import type { Wanted, WantedForeignKey, WantedNotNull, WantedUnique } from '#core/data-checks';
import type { SqlMigration } from '#core/sql-migration';
import { SqlSyntaxError } from '#parser/errors';
import { loadParser } from '#parser/load';
import { scan } from '#parser/scan';
import { type SqlStatement, splitStatements } from '#parser/split';

type Wish = Partial<Omit<Wanted, 'unreadable'>>;

/**
 * Null: the file cannot be read. Of a table whose rows an earlier statement of the file changes nothing is wanted: the file may
 * well mend what would be found.
 */
export async function wantedInSql({ id, up }: SqlMigration): Promise<readonly Wish[] | null> {
  await loadParser();
  const statements = split(up.text);
  if (statements === null) return null;
  const changed = new Set<string>();
  const wishes: Wish[] = [];
  for (const statement of statements) {
    const table = changedTable(statement.node);
    if (table !== null) changed.add(table);
    for (const wish of wishesOf(statement, id)) if (!isAbout(wish, changed)) wishes.push(wish);
  }
  return wishes;
}

function split(text: string): readonly SqlStatement[] | null {
  try {
    return splitStatements(text);
  } catch (error) {
    if (error instanceof SqlSyntaxError) return null;
    throw error;
  }
}

/** Stands for every table: what a block or a procedure changes cannot be seen. */
const ANY = '*';

function changedTable(node: Node): string | null {
  if ('DoStmt' in node || 'CallStmt' in node) return ANY;
  if ('UpdateStmt' in node) return nameOf(node.UpdateStmt.relation);
  if ('DeleteStmt' in node) return nameOf(node.DeleteStmt.relation);
  return 'MergeStmt' in node ? nameOf(node.MergeStmt.relation) : null;
}

function isAbout(wish: Wish, changed: ReadonlySet<string>): boolean {
  const tables = [...(wish.unique ?? []), ...(wish.foreignKeys ?? []), ...(wish.notNull ?? [])];
  return changed.has(ANY) || tables.some(({ table }) => changed.has(table));
}

function nameOf(relation: RangeVar | undefined): string {
  const { schemaname, relname = '' } = relation ?? {};
  return schemaname === undefined || schemaname === 'public' ? relname : `${schemaname}.${relname}`;
}

function wishesOf(statement: SqlStatement, by: string): readonly Wish[] {
  const { node } = statement;
  if ('IndexStmt' in node) return ofIndex(node.IndexStmt, statement.text, by);
  if ('AlterTableStmt' in node) return ofTable(node.AlterTableStmt, by);
  return [];
}

/** Expressions of an index are left out: the parser's tree has no text of them. */
function ofIndex(index: IndexStmt, text: string, by: string): readonly Wish[] {
  const columns = (index.indexParams ?? []).map((p) => ('IndexElem' in p ? p.IndexElem.name : undefined));
  const named = columns.filter((column) => column !== undefined);
  if (index.unique !== true || named.length < columns.length) return [];
  const where = index.whereClause === undefined ? null : conditionOf(text);
  return [
    { unique: [{ table: nameOf(index.relation), keys: named.map((column) => ({ column })), where, by }] },
  ];
}

/** An index has no other WHERE: subqueries are not allowed in it. */
function conditionOf(text: string): string | null {
  const where = scan(text).find(({ kind, text: word }) => kind === 'keyword' && /^where$/i.test(word));
  return where === undefined ? null : text.slice(where.end).trim();
}

function ofTable({ relation, cmds = [] }: AlterTableStmt, by: string): readonly Wish[] {
  const table = nameOf(relation);
  return cmds.flatMap((cmd) => ('AlterTableCmd' in cmd ? ofCommand(cmd.AlterTableCmd, table, by) : []));
}

function ofCommand({ subtype, name, def }: AlterTableCmd, table: string, by: string): readonly Wish[] {
  if (subtype === 'AT_SetNotNull' && name !== undefined) {
    const wanted: WantedNotNull = { table, column: name, by, filled: false };
    return [{ notNull: [wanted] }];
  }
  if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) return [];
  return ofConstraint(def.Constraint, table, by);
}

function ofConstraint(constraint: Constraint, table: string, by: string): readonly Wish[] {
  const { contype, keys, fk_attrs, pk_attrs, pktable } = constraint;
  if (contype === 'CONSTR_FOREIGN') {
    const wanted: WantedForeignKey = {
      ...{ table, columns: strings(fk_attrs), by },
      ...{ references: nameOf(pktable), referencedColumns: strings(pk_attrs) },
    };
    return [{ foreignKeys: [wanted] }];
  }
  // Without keys it takes over an index, which was looked at where it is made.
  if ((contype !== 'CONSTR_UNIQUE' && contype !== 'CONSTR_PRIMARY') || keys === undefined) return [];
  const wanted: WantedUnique = { table, keys: strings(keys).map((column) => ({ column })), where: null, by };
  return [{ unique: [wanted] }];
}

function strings(nodes: readonly Node[] = []): readonly string[] {
  return nodes.flatMap((node) => ('String' in node ? (node.String.sval ?? []) : []));
}

/** What a plain SQL migration takes away or renames, by PostgreSQL's own parser. What hides in a DO block is not seen. */
import type { SqlMigration } from '#core/sql-migration';
import { isTree, parseStatements, type Tree, unwrap } from '#parser/parse';

export interface Marks {
  readonly drops: readonly string[];
  readonly renames: readonly string[];
}

/** Of the up block. `loadParser()` must have been awaited. */
export function marksOf({ up }: SqlMigration): Marks {
  const found = statementsOf(up.text).map(markOf);
  return {
    drops: found.flatMap((one) => one.drops),
    renames: found.flatMap((one) => one.renames),
  };
}

/** A file that cannot be parsed any more has a history all the same. */
function statementsOf(text: string): readonly (readonly [string, unknown])[] {
  try {
    return parseStatements(text).flatMap(({ stmt }) => (stmt === undefined ? [] : [unwrap(stmt)]));
  } catch {
    return [];
  }
}

const NONE: Marks = { drops: [], renames: [] };

function markOf([kind, tree]: readonly [string, unknown]): Marks {
  if (!isTree(tree)) return NONE;
  if (kind === 'DropStmt') return { ...NONE, drops: droppedObjects(tree) };
  if (kind === 'AlterTableStmt') return { ...NONE, drops: droppedParts(tree) };
  return kind === 'RenameStmt' ? { ...NONE, renames: [renamed(tree)] } : NONE;
}

function droppedObjects(tree: Tree): readonly string[] {
  return listOf(tree.objects).map((object) => `${wordFor(tree.removeType)} ${nameIn(object)}`);
}

const PARTS: Readonly<Record<string, string>> = { AT_DropColumn: 'column', AT_DropConstraint: 'constraint' };

function droppedParts(tree: Tree): readonly string[] {
  return listOf(tree.cmds).flatMap((cmd) => {
    const inner = innerOf(cmd);
    const part = PARTS[String(inner.subtype)];
    return part === undefined ? [] : [`${part} ${relationIn(tree.relation)}.${String(inner.name)}`];
  });
}

function renamed(tree: Tree): string {
  const what = isTree(tree.relation) ? relationIn(tree.relation) : nameIn(tree.object);
  const part = typeof tree.subname === 'string' && isTree(tree.relation) ? `.${tree.subname}` : '';
  const old = what === '' ? String(tree.subname) : `${what}${part}`;
  return `${wordFor(tree.renameType)} ${old} to ${String(tree.newname)}`;
}

const WORDS: Readonly<Record<string, string>> = {
  MATVIEW: 'materialized view',
  TABCONSTRAINT: 'constraint',
  ATTRIBUTE: 'attribute',
};

/** `OBJECT_FOREIGN_TABLE` as `foreign table`. */
function wordFor(type: unknown): string {
  const name = String(type).replace(/^OBJECT_/, '');
  return WORDS[name] ?? name.toLowerCase().replaceAll('_', ' ');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function innerOf(node: unknown): Tree {
  const inner = isTree(node) ? Object.values(node)[0] : undefined;
  return isTree(inner) ? inner : {};
}

function relationIn(relation: unknown): string {
  if (!isTree(relation)) return '';
  const schema = typeof relation.schemaname === 'string' ? `${relation.schemaname}.` : '';
  return `${schema}${String(relation.relname)}`;
}

/** The words of a name, wherever the kind of object keeps them: a list, a type's names, a routine's. */
function nameIn(object: unknown): string {
  if (!isTree(object)) return '';
  if (isTree(object.String)) return String(object.String.sval);
  const inner = innerOf(object);
  const words = [inner.items, inner.names, inner.objname].find(Array.isArray);
  return listOf(words).map(nameIn).join('.');
}

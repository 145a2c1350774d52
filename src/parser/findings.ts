import { isTree, type Tree } from './parse.js';

/** Names in the subtree of one expression; `location` is the parser's byte position. */
export interface Reference {
  readonly fields: readonly string[];
  readonly star: boolean;
  readonly location: number;
  readonly inSubquery: boolean;
  /** A subquery around it reads a table by the scope's name, so that the name means that one. */
  readonly shadowed: boolean;
}

export interface Found {
  readonly kind: string;
  readonly node: Tree;
  readonly inSubquery: boolean;
}

export interface Findings {
  readonly references: readonly Reference[];
  /** Every other node, in the order of the tree. */
  readonly nodes: readonly Found[];
}

interface Level {
  readonly inSubquery: boolean;
  readonly shadowed: boolean;
}

/** Walks an expression's tree and tells for each node whether it stands inside a subquery. */
export function findingsIn(tree: unknown, table: string): Findings {
  const references: Reference[] = [];
  const nodes: Found[] = [];
  const visit = (value: unknown, level: Level): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, level);
    if (!isTree(value)) return;
    for (const [key, child] of Object.entries(value)) {
      if (!isTree(child)) visit(child, level);
      else if (key === 'ColumnRef') references.push({ ...referenceOf(child), ...level });
      else visitNode(key, child, level);
    }
  };
  const visitNode = (kind: string, node: Tree, level: Level): void => {
    nodes.push({ kind, node, inSubquery: level.inSubquery });
    visit(
      node,
      isSelect(kind)
        ? { inSubquery: true, shadowed: level.shadowed || binds(node.fromClause, table) }
        : level,
    );
  };
  visit(tree, { inSubquery: false, shadowed: false });
  return { references, nodes };
}

/** The two sides of a `union` come without the kind as their key. */
function isSelect(kind: string): boolean {
  return kind === 'SelectStmt' || kind === 'larg' || kind === 'rarg';
}

function referenceOf(node: Tree): Pick<Reference, 'fields' | 'star' | 'location'> {
  const fields = stringsOf(node.fields);
  return {
    fields,
    star: JSON.stringify(node.fields).includes('{"A_Star":'),
    location: numberOf(node.location),
  };
}

/** Does a FROM clause give this name to anything? Subqueries in it have names of their own. */
function binds(from: unknown, table: string): boolean {
  if (Array.isArray(from)) return from.some((item) => binds(item, table));
  if (!isTree(from)) return false;
  if ('SelectStmt' in from) return false;
  if (from.aliasname === table) return true;
  if (from.relname === table && from.alias === undefined) return true;
  return Object.values(from).some((child) => binds(child, table));
}

/** The texts of a list of `String` nodes, such as a qualified name. */
export function stringsOf(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const inner = isTree(item) ? item.String : undefined;
    // An empty name would be left out of the tree; it cannot be written, though.
    return isTree(inner) && typeof inner.sval === 'string' ? [inner.sval] : [];
  });
}

/** Zero is left out of the parser's trees. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

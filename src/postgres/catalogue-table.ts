import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import { quoteTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';
import { readColumns } from './catalogue-columns.js';
import { readConstraints, readIndexes, readPublications, readTriggers } from './catalogue-objects.js';
import { isVolatile } from './catalogue-probe.js';
import { readReferences } from './catalogue-references.js';
import { readRefusals } from './catalogue-refusals.js';
import { readColumnGrants, readWriters } from './catalogue-rights.js';

interface RelationRow extends Readonly<Record<string, unknown>> {
  readonly oid: number;
  readonly kind: string;
  readonly isPartition: boolean;
  readonly persistence: string;
  readonly attributes: number;
  readonly rowSecurity: boolean;
  readonly owned: boolean;
}

interface LeafRow extends Readonly<Record<string, unknown>> {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  readonly foreign: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly identity: boolean;
}

/** Everything about one table, read in one transaction; null where there is none of this name. */
export async function readTable(tx: Session, table: TableName): Promise<TableFacts | null> {
  // Under this path every name outside of pg_catalog is printed with its schema, whoever reads.
  await tx.query('set local search_path to pg_catalog');
  const relation = await readRelation(tx, table);
  if (relation === null) return null;
  const { oid, attributes, rowSecurity, owned } = relation;
  const leaves = await readLeaves(tx, oid);
  const columns = await readColumns(tx, oid);
  const constraints = await readConstraints(tx, oid);
  return {
    table,
    oid,
    kind: kindOf(relation),
    persistence: PERSISTENCE[relation.persistence] ?? 'permanent',
    columns: await withVolatility(tx, columns),
    attributes,
    primaryKey: constraints.find(({ kind }) => kind === 'primary key')?.columns ?? [],
    indexes: await readIndexes(tx, oid),
    constraints,
    triggers: await readTriggers(tx, oid),
    referencedBy: await readReferences(tx, oid),
    leaves: leaves.map((leaf) => ({
      table: { schema: leaf.schema, name: leaf.name },
      oid: leaf.oid,
      foreign: leaf.foreign,
    })),
    estimatedRows: leaves.some(({ rows }) => rows < 0) ? null : sum(leaves.map(({ rows }) => rows)),
    bytes: sum(leaves.map(({ bytes }) => bytes)),
    refusals: await readRefusals(tx, table, oid),
    publications: await readPublications(tx, oid),
    hasReplicaIdentity: leaves.every(({ identity }) => identity),
    rowSecurity,
    writers: await readWriters(tx, oid),
    columnGrants: await readColumnGrants(tx, oid),
    partitionKey: await readPartitionKey(tx, oid),
    owned,
  };
}

async function readRelation(tx: Session, table: TableName): Promise<RelationRow | null> {
  const [row] = await tx.query<RelationRow>(
    `select c.oid::int8 as oid,
       c.relkind::text as kind,
       c.relispartition as "isPartition",
       c.relpersistence::text as persistence,
       c.relnatts::int as attributes,
       c.relrowsecurity as "rowSecurity",
       pg_has_role(c.relowner, 'USAGE') as owned
     from pg_class c
     where c.oid = to_regclass($1)`,
    [quoteTable(table)],
  );
  return row ?? null;
}

const PERSISTENCE: Readonly<Record<string, TableFacts['persistence']>> = {
  p: 'permanent',
  u: 'unlogged',
  t: 'temporary',
};
const KINDS: Readonly<Record<string, TableFacts['kind']>> = {
  r: 'table',
  p: 'partitioned',
  f: 'foreign',
  v: 'view',
  m: 'materialized view',
};

function kindOf({ kind, isPartition }: RelationRow): TableFacts['kind'] {
  return isPartition ? 'partition' : (KINDS[kind] ?? 'other');
}

/**
 * The table itself, or the leaves below it. The replica identity counts on the leaf: that is what is written to. reltuples
 * is -1 where nothing was analysed yet.
 */
async function readLeaves(tx: Session, oid: number): Promise<readonly LeafRow[]> {
  return tx.query<LeafRow>(
    `select n.nspname::text as schema,
       c.relname::text as name,
       c.oid::int8 as oid,
       c.relkind = 'f' as foreign,
       c.reltuples::float8 as rows,
       coalesce(pg_table_size(c.oid), 0)::int8 as bytes,
       case c.relreplident
         when 'f' then true
         when 'd' then exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indisvalid)
         when 'i' then exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indisvalid)
         else false
       end as identity
     from (
       select relid from pg_partition_tree($1::oid) where isleaf
       union
       select $1::oid
     ) t
     join pg_class c on c.oid = t.relid
     join pg_namespace n on n.oid = c.relnamespace
     where c.relkind <> 'p'
     order by n.nspname, c.relname`,
    [oid],
  );
}

/**
 * Columns that decide into which partition a row goes, on any level of the tree. Those inside of expressions too: PostgreSQL
 * records that such a column depends on its table, so that it cannot be dropped.
 */
async function readPartitionKey(tx: Session, oid: number): Promise<readonly string[]> {
  const rows = await tx.query<{ readonly name: string }>(
    `select distinct a.attname::text as name
     from (select relid from pg_partition_tree($1::oid) union select $1::oid) t
     join pg_partitioned_table p on p.partrelid = t.relid
     join pg_attribute a on a.attrelid = p.partrelid and a.attnum > 0
     where a.attnum = any (p.partattrs::int2[])
     or exists (
       select from pg_depend d
       where p.partexprs is not null
       and d.classid = 'pg_class'::regclass
       and d.objid = p.partrelid
       and d.objsubid = a.attnum
       and d.refclassid = 'pg_class'::regclass
       and d.refobjid = p.partrelid
       and d.refobjsubid = 0
       and d.deptype = 'i'
     )
     order by name`,
    [oid],
  );
  return rows.map(({ name }) => name);
}

/** Most defaults can be told by their text; the server is asked for the others. */
async function withVolatility(tx: Session, columns: readonly ColumnFacts[]): Promise<readonly ColumnFacts[]> {
  const judged: ColumnFacts[] = [];
  for (const column of columns) {
    judged.push({
      ...column,
      defaultVolatile:
        column.default !== null && !column.generated && (await volatileDefault(tx, column.default)),
    });
  }
  return judged;
}

const CONSTANT = /^(?:'(?:[^']|'')*'|[-+]?\d[\d.]*|true|false|NULL)(?:::[\w "().]+(?:\[\])*)?$/;
const STABLE = /^(?:now\(\)|CURRENT_(?:TIMESTAMP|DATE|TIME|USER)|LOCALTIME(?:STAMP)?)$/;

async function volatileDefault(tx: Session, expression: string): Promise<boolean> {
  if (CONSTANT.test(expression) || STABLE.test(expression)) return false;
  if (expression.startsWith('nextval(')) return true;
  // A default that cannot be computed now says nothing about its volatility: the careful answer is yes.
  return isVolatile(tx, expression).catch(() => true);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

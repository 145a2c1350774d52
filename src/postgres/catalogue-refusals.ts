import { displayTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';

/** PostgreSQL allows 1,600 attributes in the life of a table and never gives one back; a run uses some. */
const MOST_ATTRIBUTES = 1_500;

interface Facts extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly persistence: string;
  readonly system: boolean;
  readonly attributes: number;
  readonly typed: string | null;
  readonly owner: string;
  readonly owned: boolean;
  readonly schema: string;
  readonly role: string;
  readonly creates: boolean;
  readonly parents: readonly string[];
  readonly children: readonly string[];
  readonly root: string | null;
  readonly extension: string | null;
  readonly rowTypeUsers: readonly string[];
  readonly foreignLeaves: readonly string[];
  readonly unloggedLeaves: readonly string[];
  readonly blindPublications: readonly string[];
}

/** Why the table cannot be served, one sentence each; empty where it can. */
export async function readRefusals(tx: Session, table: TableName, oid: number): Promise<readonly string[]> {
  const [facts] = await tx.query<Facts>(FACTS, [oid]);
  if (facts === undefined) return [];
  const name = displayTable(table);
  const foreignKeeper = await spreadBy(tx, table, oid);
  return [...kinds(name, facts), ...relations(name, facts), ...keepers(name, facts), ...foreignKeeper];
}

function kinds(name: string, facts: Facts): readonly string[] {
  const kind = KINDS[facts.kind];
  return [
    ...only(kind !== undefined, `${name} is ${kind}: only tables have rows of their own to migrate.`),
    ...only(facts.persistence === 't', `${name} is a temporary table: no other session sees its rows.`),
    ...only(
      facts.persistence === 'u',
      `${name} is unlogged: a crash empties it, and what was recorded of it would be untrue.`,
    ),
    ...only(facts.system, `${name} belongs to PostgreSQL's own catalogue.`),
    ...only(
      facts.attributes > MOST_ATTRIBUTES,
      `${name} has had ${facts.attributes} columns, dropped ones included, of 1,600 in the life of a table: a run needs some, and none is ever given back.`,
    ),
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  f: 'a foreign table',
  v: 'a view',
  m: 'a materialized view',
  S: 'a sequence',
  i: 'an index',
  I: 'an index',
  c: 'a composite type',
  t: 'a TOAST table',
};

function relations(name: string, facts: Facts): readonly string[] {
  const { root, typed } = facts;
  return [
    ...only(
      facts.parents.length > 0,
      `${name} inherits from ${list(facts.parents)}: its columns are changed through the parent.`,
    ),
    ...only(
      facts.children.length > 0,
      `${name} is inherited by ${list(facts.children)}: plain inheritance shares columns, and neither triggers nor keys.`,
    ),
    ...only(root !== null, `${name} is a partition of ${root}: name ${root} in the migration.`),
    ...only(typed !== null, `${name} is a table of type ${typed}: its columns are the type's.`),
    ...only(facts.foreignLeaves.length > 0, `${name} has foreign partitions: ${list(facts.foreignLeaves)}.`),
    ...only(
      facts.unloggedLeaves.length > 0,
      `${name} has unlogged partitions: ${list(facts.unloggedLeaves)}.`,
    ),
    ...only(
      facts.rowTypeUsers.length > 0,
      `The row type of ${name} is used by ${list(facts.rowTypeUsers)}: values that are stored there would not follow a change of its columns.`,
    ),
  ];
}

function keepers(name: string, facts: Facts): readonly string[] {
  return [
    ...only(
      facts.extension !== null,
      `${name} belongs to extension ${facts.extension}: its next update expects the shape that it made.`,
    ),
    ...only(
      facts.blindPublications.length > 0,
      `${name} is published for updates by ${list(facts.blindPublications)} without a replica identity: every UPDATE of it fails. Give it one: alter table … replica identity …`,
    ),
    ...only(
      !facts.owned,
      `This role does not own ${name}; ${facts.owner} does. Changing a table needs its owner: grant ${facts.owner} to the role.`,
    ),
    ...only(
      !facts.creates,
      `This role may not create anything in schema ${facts.schema}, where indexes of ${name} are built: grant create on schema ${facts.schema} to ${facts.role}.`,
    ),
  ];
}

function only(holds: boolean, sentence: string): readonly string[] {
  return holds ? [sentence] : [];
}

function list(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

/** Extensions that spread a table over others behind PostgreSQL's back; their catalogues are there only with them. */
async function spreadBy(tx: Session, table: TableName, oid: number): Promise<readonly string[]> {
  const [there] = await tx.query<{ readonly timescale: boolean; readonly citus: boolean }>(
    `select to_regclass('_timescaledb_catalog.hypertable') is not null as timescale,
       to_regclass('pg_catalog.pg_dist_partition') is not null as citus`,
  );
  const name = displayTable(table);
  const hyper =
    there?.timescale === true &&
    (
      await tx.query(
        'select from _timescaledb_catalog.hypertable where schema_name = $1 and table_name = $2',
        [table.schema, table.name],
      )
    ).length > 0;
  const distributed =
    there?.citus === true &&
    (await tx.query('select from pg_catalog.pg_dist_partition where logicalrelid::oid = $1::oid', [oid]))
      .length > 0;
  return [
    ...only(
      hyper,
      `${name} is a TimescaleDB hypertable: its rows live in chunks, compressed ones among them, that do not follow.`,
    ),
    ...only(distributed, `${name} is distributed by Citus: its rows live on other servers.`),
  ];
}

const TREE = '(select relid from pg_partition_tree(c.oid) where relid <> c.oid)';

const FACTS = `
  select c.relkind::text as kind,
    c.relpersistence::text as persistence,
    n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') as system,
    c.relnatts::int as attributes,
    case when c.reloftype <> 0 then format_type(c.reloftype, null) end as typed,
    pg_get_userbyid(c.relowner)::text as owner,
    pg_has_role(c.relowner, 'USAGE') as owned,
    n.nspname::text as schema,
    current_user::text as role,
    has_schema_privilege(n.oid, 'CREATE') as creates,
    array(select h.inhparent::regclass::text from pg_inherits h where h.inhrelid = c.oid and not c.relispartition order by 1) as parents,
    array(select h.inhrelid::regclass::text from pg_inherits h where h.inhparent = c.oid and c.relkind not in ('p', 'I') order by 1) as children,
    case when c.relispartition and c.relkind not in ('i', 'I') then pg_partition_root(c.oid)::text end as root,
    (
      select e.extname::text
      from pg_depend d
      join pg_extension e on e.oid = d.refobjid
      where d.classid = 'pg_class'::regclass
      and d.objid = c.oid
      and d.refclassid = 'pg_extension'::regclass
      and d.deptype = 'e'
    ) as extension,
    array(
      select distinct format('%s.%I', a.attrelid::regclass, a.attname)
      from pg_type t
      join pg_attribute a on a.atttypid in (t.oid, t.typarray) and not a.attisdropped
      join pg_class u on u.oid = a.attrelid and u.relkind in ('r', 'p', 'm', 'f', 'c')
      where t.oid = c.reltype
      and t.oid <> 0
      union
      select format('domain %s', format_type(o.oid, null))
      from pg_type o
      where o.typtype = 'd'
      and o.typbasetype = c.reltype
      and c.reltype <> 0
    ) as "rowTypeUsers",
    array(select l.oid::regclass::text from pg_class l where l.oid in ${TREE} and l.relkind = 'f' order by 1) as "foreignLeaves",
    array(select l.oid::regclass::text from pg_class l where l.oid in ${TREE} and l.relpersistence = 'u' order by 1) as "unloggedLeaves",
    array(
      select distinct p.pubname::text
      from pg_publication p
      join pg_publication_tables t on t.pubname = p.pubname
      join pg_namespace ln on ln.nspname = t.schemaname
      join pg_class l on l.relnamespace = ln.oid and l.relname = t.tablename
      join pg_class w on w.oid in (select relid from pg_partition_tree(l.oid) union select l.oid) and w.relkind = 'r'
      where p.pubupdate
      and l.oid in (select relid from pg_partition_tree(c.oid) union select c.oid)
      and case w.relreplident
        when 'f' then false
        when 'd' then not exists (select from pg_index i where i.indrelid = w.oid and i.indisprimary and i.indisvalid)
        when 'i' then not exists (select from pg_index i where i.indrelid = w.oid and i.indisreplident and i.indisvalid)
        else true
      end
    ) as "blindPublications"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.oid = $1::oid`;

/**
 * All of a database's schema, as the catalogue has it and without any of the product's code: every row that users brought
 * about, with oids replaced by the identity of what they point at. PostgreSQL says itself which columns those are.
 */
import { connect } from '../../support/database.js';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/**
 * What is of the moment, of one server, or told by the definition in words: trees, and lists of column numbers. `connoinherit`
 * of a key has no meaning; that of a CHECK is in its definition.
 */
const PASSING = words(`
  oid relfilenode relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid reltoastrelid relrewrite
  relhasindex relhasrules relhastriggers relhassubclass relchecks relnatts attnum adnum conkey confkey indkey tgattr
  stxkeys prattrs partattrs attcacheoff adbin conbin ev_action ev_qual tgqual indexprs indpred polqual polwithcheck
  prqual relpartbound proargdefaults prosqlbody partexprs stxexprs typdefaultbin collversion attmissingval
  atthasmissing indcheckxmin extversion enumsortorder connoinherit`);

const CATALOGUES = words(`
  pg_namespace pg_extension pg_class pg_attribute pg_attrdef pg_constraint pg_index pg_type pg_enum pg_range pg_proc
  pg_aggregate pg_operator pg_opclass pg_opfamily pg_amop pg_amproc pg_cast pg_collation pg_am pg_trigger
  pg_event_trigger pg_rewrite pg_policy pg_statistic_ext pg_sequence pg_inherits pg_partitioned_table
  pg_foreign_data_wrapper pg_foreign_server pg_foreign_table pg_ts_config pg_ts_config_map pg_ts_dict pg_publication
  pg_publication_rel pg_publication_namespace pg_description pg_depend`);

/** Definitions in words, where a row holds trees or numbers of columns. */
const DEFINED: Readonly<Record<string, string>> = {
  pg_attrdef: 'pg_get_expr(x.adbin, x.adrelid)',
  pg_constraint: 'pg_get_constraintdef(x.oid)',
  pg_index: 'pg_get_indexdef(x.indexrelid)',
  pg_trigger: 'case when not x.tgisinternal then pg_get_triggerdef(x.oid) end',
  pg_rewrite: 'pg_get_ruledef(x.oid)',
  pg_policy: `concat(pg_get_expr(x.polqual, x.polrelid), ' / ', pg_get_expr(x.polwithcheck, x.polrelid))`,
  pg_proc: `case when x.prokind <> 'a' then pg_get_functiondef(x.oid) else pg_get_function_arguments(x.oid) end`,
  pg_statistic_ext: 'pg_get_statisticsobjdef(x.oid)',
  pg_partitioned_table: 'pg_get_partkeydef(x.partrelid)',
  pg_class: 'pg_get_expr(x.relpartbound, x.oid)',
  pg_enum: `(select count(*) from pg_enum e where e.enumtypid = x.enumtypid and e.enumsortorder < x.enumsortorder)::text`,
  pg_attribute: `(select count(*) from pg_attribute a
    where a.attrelid = x.attrelid and a.attnum < x.attnum and not a.attisdropped)::text`,
};

/** Rows of one catalogue that are of interest, and which a dump makes anew. */
const WHERE: Readonly<Record<string, string>> = {
  pg_attribute: 'x.attrelid >= 16384 and not x.attisdropped and x.attnum > 0',
  pg_aggregate: 'x.aggfnoid::oid >= 16384',
  pg_index: 'x.indexrelid >= 16384',
  pg_range: 'x.rngtypid >= 16384',
  pg_sequence: 'x.seqrelid >= 16384',
  pg_inherits: 'x.inhrelid >= 16384',
  pg_partitioned_table: 'x.partrelid >= 16384',
  pg_foreign_table: 'x.ftrelid >= 16384',
  pg_ts_config_map: 'x.mapcfg >= 16384',
  pg_description: 'x.objoid >= 16384',
  // Links between rows: what owns what. Those of indexes on columns are told by the definitions.
  pg_depend: `x.objid >= 16384 and x.classid = 'pg_class'::regclass and x.deptype in ('a', 'i')`,
};

/** Triggers of constraints have their number in their name. */
const NUMBERED = /((?:RI|Unique)_ConstraintTrigger\w*?)_\d+/g;

export const NONE = { lost: [], made: [] };

/** What one of the two has and the other has not. */
export function differences(original: readonly string[], copy: readonly string[]) {
  const minus = (a: readonly string[], b: readonly string[]) => {
    const left = [...b];
    return a.filter((fact) => {
      const at = left.indexOf(fact);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return { lost: minus(original, copy), made: minus(copy, original) };
}

export async function catalogueFacts(url: string): Promise<readonly string[]> {
  const client = await connect(url);
  await client.query(`select set_config('search_path', '', false), set_config('timezone', 'UTC', false)`);
  const { rows: links } = await client.query<{
    catalogue: string;
    column: string;
    target: string;
    array: boolean;
  }>(
    `select fktable::text as catalogue, fkcols[1] as column, pktable::text as target, is_array as array
     from pg_get_catalog_foreign_keys()
     where array_length(fkcols, 1) = 1`,
  );
  const { rows: there } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class where relnamespace = 'pg_catalog'::regnamespace`,
  );
  const names = new Set(there.map(({ name }) => name));
  const facts: string[] = [];
  for (const catalogue of CATALOGUES.filter((name) => names.has(name))) {
    const own = links.filter((link) => link.catalogue === catalogue);
    const { rows } = await client.query<{ fact: string }>(factsOf(catalogue, own));
    facts.push(...rows.map(({ fact }) => `${catalogue} ${fact.replace(NUMBERED, '$1')}`));
  }
  await client.end();
  return facts;
}

function factsOf(
  catalogue: string,
  links: readonly { readonly column: string; readonly target: string; readonly array: boolean }[],
): string {
  const ignored = new Set([...PASSING, ...links.map(({ column }) => column)]);
  const kept = links.filter(({ column, target }) => target !== 'pg_authid' && !PASSING.includes(column));
  const resolved = kept.map(({ column, target, array }) =>
    array
      ? `'${column}', (select json_agg(${identity(target, 'e.oid')} order by e.place)
          from unnest(x.${column}) with ordinality e (oid, place))`
      : `'${column}', ${identity(target, `x.${column}`)}`,
  );
  const extra =
    catalogue === 'pg_description' || catalogue === 'pg_depend'
      ? [
          `'object', (select type || ' ' || identity from pg_identify_object(x.${catalogue === 'pg_depend' ? 'classid' : 'classoid'},
          x.${catalogue === 'pg_depend' ? 'objid' : 'objoid'}, 0))`,
        ]
      : [];
  const target =
    catalogue === 'pg_depend'
      ? [`'on', (select type || ' ' || identity from pg_identify_object(x.refclassid, x.refobjid, 0))`]
      : [];
  const dropped = [
    ...ignored,
    ...(['pg_description', 'pg_depend'].includes(catalogue)
      ? ['objoid', 'objid', 'refobjid', 'refobjsubid', 'objsubid', 'classid', 'refclassid']
      : []),
  ];
  return `
    select fact
    from (
      select ((to_jsonb(x) - array[${dropped.map((name) => `'${name}'`).join(', ')}]
        - array(select k from jsonb_object_keys(to_jsonb(x)) k where k ~ '(owner|acl)$')) || jsonb_build_object(
        ${["'self', null", ...resolved, ...extra, ...target].join(',\n')},
        'definition', ${DEFINED[catalogue] ?? 'null'}))::text as fact
      from pg_catalog.${catalogue} x
      where ${WHERE[catalogue] ?? 'x.oid >= 16384'}
    ) facts
    where fact !~ 'pg_toast'
    order by 1`;
}

function identity(target: string, oid: string): string {
  return `(select i.type || ' ' || i.identity from pg_identify_object('pg_catalog.${target}'::regclass, ${oid}, 0) i)`;
}

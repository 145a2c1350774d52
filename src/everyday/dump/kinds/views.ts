import { readColumns } from '../columns.js';
import { address, type DumpObject, RANK, type Reader } from '../object.js';
import { withOptions } from '../reader.js';

interface Row extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly materialized: boolean;
  readonly head: string;
  readonly query: string;
  readonly rule: number;
}

/** Materialized views come empty, as pg_dump writes them: filling one runs its query, in an order that nobody promises. */
export const views: Reader = async (reading) => {
  const rows = await reading.session.query<Row>(VIEWS, [reading.oids('pg_class')]);
  const columns = await readColumns(
    reading,
    rows.map(({ oid }) => oid),
  );
  return rows.map((row): DumpObject => {
    const own = columns.get(row.oid) ?? [];
    const [self, rule] = [address('pg_class', row.oid), address('pg_rewrite', row.rule)];
    const base = { rank: RANK.view, name: row.name };
    const settings = own.flatMap((column) => [
      ...(column.default === null
        ? []
        : [`ALTER VIEW ${row.name} ALTER COLUMN ${column.name} SET DEFAULT ${column.default.text}`]),
      ...(row.materialized
        ? column.settings.map(
            (text) => `ALTER MATERIALIZED VIEW ${row.name} ALTER COLUMN ${column.name} ${text}`,
          )
        : []),
    ]);
    const defaults = own.flatMap((column) => (column.default === null ? [] : [column.default.address]));
    const text = `${row.head} AS\n${row.query}${row.materialized ? '\nWITH NO DATA' : ''}`;
    const shell = own.map(({ name, type, collation }) => {
      const value = `NULL::${type}${collation === null ? '' : ` COLLATE ${collation}`}`;
      return `    ${value} AS ${name}`;
    });
    const split = () => [
      { ...base, owns: [self], sql: [`CREATE VIEW ${row.name} AS\n SELECT\n${shell.join(',\n')}`] },
      {
        ...base,
        owns: [rule, ...defaults],
        sql: [text.replace(/^CREATE VIEW/, 'CREATE OR REPLACE VIEW'), ...settings],
        needs: [self],
      },
    ];
    return {
      ...base,
      owns: [self, rule, ...defaults],
      sql: [text, ...settings],
      ...(row.materialized ? {} : { split }),
    };
  });
};

const VIEWS = `
select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind = 'm' as materialized,
  concat('CREATE ', case when c.relkind = 'm' then 'MATERIALIZED ' end, format('VIEW %I.%I', n.nspname, c.relname),
    case when a.amname <> 'heap' then ' USING ' || quote_ident(a.amname) end, ${withOptions('c')}) as head,
  rtrim(pg_get_viewdef(c.oid), ';') as query,
  r.oid::int8 as rule
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
left join pg_am a on a.oid = c.relam
where c.oid = any($1::oid[])
and c.relkind in ('v', 'm')`;

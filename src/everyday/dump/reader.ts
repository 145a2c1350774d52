import { type Address, address, type Reader } from './object.js';

interface Written extends Record<string, unknown> {
  readonly oid: number;
  /** Statements; a null among them is one that is not needed. */
  readonly sql: readonly (string | null)[];
  /** Further addresses, beside the row itself. */
  readonly owns?: readonly Address[];
  readonly needs?: readonly Address[];
  readonly without?: readonly Address[];
}

type Query = string | ((version: number) => string);

/**
 * A kind whose statements the server can write by itself.
 *
 * @param query of the oids `$1`; gives `oid` and `sql`, and where they are needed `owns`, `needs` and `without`. A function of
 *   the server's version where the catalogue has other columns
 */
export function reader(catalogue: string, rank: number, query: Query): Reader {
  return written(catalogue, rank, query, (self) => ({ owns: [self], needs: [] }));
}

/** As `reader`, for what is said about an object later on. */
export function laterReader(catalogue: string, rank: number, query: Query): Reader {
  return written(catalogue, rank, query, (self) => ({ owns: [], needs: [self] }));
}

function written(
  catalogue: string,
  rank: number,
  query: Query,
  place: (self: Address) => { readonly owns: readonly Address[]; readonly needs: readonly Address[] },
): Reader {
  return async ({ session, version, oids, nameOf }) => {
    const wanted = oids(catalogue);
    if (wanted.length === 0) return [];
    const text = typeof query === 'string' ? query : query(version);
    const rows = await session.query<Written>(text, [wanted]);
    return rows.map(({ oid, sql, owns = [], needs = [], without = [] }) => {
      const self = address(catalogue, oid);
      const placed = place(self);
      return {
        owns: [...placed.owns, ...owns],
        rank,
        name: nameOf(self),
        sql: sql.filter((statement) => statement !== null),
        needs: [...placed.needs, ...needs],
        without,
      };
    });
  };
}

/** `OPTIONS (…)` from a `text[]` of options, with a space in front; nothing where there are none. */
export function optionsOf(column: string): string {
  return `coalesce(
    (select ' OPTIONS (' || string_agg(format('%I %L', option_name, option_value), ', ') || ')'
      from pg_options_to_table(${column})
      having count(*) > 0), '')`;
}

/** `WITH (…)` from `reloptions`, those of the toast table too, in the order they were given in; with a space in front. */
export function withOptions(relation: string): string {
  return `coalesce(
    (select ' WITH (' || string_agg(o.prefix || quote_ident(o.name) || '=' || quote_literal(o.value), ', ' order by o.prefix, o.place) || ')'
      from (
        select '' as prefix, o.name, o.value, o.place
        from pg_options_to_table(${relation}.reloptions) with ordinality o (name, value, place)
        union all
        select 'toast.', o.name, o.value, o.place
        from pg_class toast, pg_options_to_table(toast.reloptions) with ordinality o (name, value, place)
        where toast.oid = ${relation}.reltoastrelid
      ) o
      having count(*) > 0), '')`;
}

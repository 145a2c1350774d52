/** Tables that a migration makes itself: planning must know them before they are there. */
import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import { type CreateTable, type Definition, newColumns } from '#core/definition';
import { generatedName, parseTable, sameTable, type TableName } from '#core/identifier';

export function createdTables(definition: Definition): readonly CreateTable[] {
  return (definition.expand ?? []).filter((o): o is CreateTable => o.kind === 'createTable');
}

export function isCreated(table: TableName, definition: Definition): boolean {
  return createdTables(definition).some((o) => sameTable(parseTable(o.name), table));
}

/** Types whose equality is that of their bytes, as `format_type` prints them; see `catalogue-columns.ts`. */
const PLAIN = new Set(['smallint', 'integer', 'bigint', 'uuid', 'text', 'boolean', 'date', 'bytea']);

/** As the catalogue will tell of it. */
export function factsOfCreated(operation: CreateTable, typeOf: (type: string) => string): TableFacts {
  const table = parseTable(operation.name);
  const index = generatedName(table.name, 'pkey');
  const columns = newColumns(operation).map((c): ColumnFacts => {
    const type = typeOf(c.type);
    const plain = PLAIN.has(type) || /^(character varying|timestamp)/.test(type);
    return {
      name: c.name,
      type,
      notNull: c.notNull === true || operation.primaryKey.includes(c.name),
      default: c.default?.text ?? null,
      ...{
        defaultVolatile: false,
        generated: false,
        identity: null,
        plainEquality: plain,
        builtInType: plain,
      },
    };
  });
  const definition = `create unique index on it USING btree (${operation.primaryKey.join(', ')})`;
  return {
    table,
    columns,
    ...{ oid: 0, kind: 'table', persistence: 'permanent', attributes: columns.length },
    primaryKey: operation.primaryKey,
    indexes: [{ name: index, columns: operation.primaryKey, unique: true, valid: true, definition }],
    ...{
      constraints: [],
      triggers: [],
      referencedBy: [],
      leaves: [],
      estimatedRows: 0,
      bytes: 0,
      refusals: [],
    },
    ...{ publications: [], hasReplicaIdentity: true, rowSecurity: false, writers: [], columnGrants: [] },
    ...{ partitionKey: [], owned: true },
  };
}

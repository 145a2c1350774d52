/** A table as statements. */
import type { Column } from '../columns.js';
import type { Check } from './checks.js';
import type { Identity } from './identities.js';
import type { NotNull } from './not-nulls.js';
import type { TableRow } from './table-rows.js';

export interface Parts {
  readonly columns: readonly Column[];
  readonly checks: readonly Check[];
  readonly notNulls: ReadonlyMap<string, NotNull>;
  readonly identities: ReadonlyMap<string, Identity>;
}

/** Whether it is made with INHERITS: only so are its columns its parents' alone. */
export function byClause(row: TableRow, { columns }: Parts): boolean {
  return !row.partition && row.parents.length > 0 && columns.some(({ local }) => !local);
}

export function create(row: TableRow, parts: Parts, inline: readonly Check[], withDefaults: boolean): string {
  const clause = byClause(row, parts);
  const columns = parts.columns
    .filter((column) => !clause || column.local)
    .map((column) => columnText(row, column, parts, withDefaults))
    .filter((text) => text !== '');
  const lines = [
    ...columns,
    ...inheritedNotNulls(row, parts),
    ...inline.map(({ name, definition }) => `CONSTRAINT ${name} ${definition}`),
  ];
  const list =
    lines.length > 0
      ? ` (\n${lines.map((line) => `    ${line}`).join(',\n')}\n)`
      : row.ofType === ''
        ? ' ()'
        : '';
  const inherits = clause ? `\nINHERITS (${row.parents.map(({ name }) => name).join(', ')})` : '';
  return `${row.create}${row.ofType}${list}${inherits}${row.tail}`;
}

function columnText(row: TableRow, column: Column, parts: Parts, withDefaults: boolean): string {
  const options = [
    ...(column.collation === null || row.ofType !== '' ? [] : [`COLLATE ${column.collation}`]),
    ...(column.foreignOptions === null ? [] : [`OPTIONS (${column.foreignOptions})`]),
    ...valueText(row, column, parts, withDefaults),
    ...notNullText(column, parts, byClause(row, parts)),
  ];
  if (row.ofType === '') return [column.name, column.type, ...options].join(' ');
  return options.length === 0 ? '' : [column.name, 'WITH OPTIONS', ...options].join(' ');
}

function valueText(row: TableRow, column: Column, parts: Parts, withDefaults: boolean): readonly string[] {
  const identity = parts.identities.get(column.bareName);
  // A partition's identity is its parent's, from version 17 on.
  if (column.identity !== '' && identity !== undefined && !row.partition) return [identity.text];
  if (column.default === null) return [];
  if (column.generated !== '')
    return [
      `GENERATED ALWAYS AS (${column.default.text}) ${column.generated === 's' ? 'STORED' : 'VIRTUAL'}`,
    ];
  return withDefaults ? [`DEFAULT ${column.default.text}`] : [];
}

function notNullText(column: Column, { notNulls }: Parts, clause: boolean): readonly string[] {
  if (!column.notNull) return [];
  const named = notNulls.get(column.bareName);
  if (named === undefined) return clause && column.inherited && column.parentNotNull ? [] : ['NOT NULL'];
  if (!named.valid || (clause && !named.local)) return [];
  const name = named.name === null ? '' : `CONSTRAINT ${named.name} `;
  return [`${name}NOT NULL${named.noInherit ? ' NO INHERIT' : ''}`];
}

/** What the columns of an INHERITS clause have beyond their parents', and every setting. */
export function afterwards(row: TableRow, parts: Parts, withDefaults: boolean): readonly string[] {
  const inherited = inheritedOnly(row, parts);
  const alter = (column: Column, action: string) =>
    `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${column.name} ${action}`;
  return [
    ...inherited.flatMap(({ name, default: value, generated }) =>
      withDefaults && value !== null && generated === '' ? [setDefault(row, name, value.text)] : [],
    ),
    ...inherited
      .filter((column) => addsNotNull(column, parts))
      .map((column) => alter(column, 'SET NOT NULL')),
    ...unvalidatedNotNulls(row, parts),
    ...parts.columns.flatMap((column) => column.settings.map((setting) => alter(column, setting))),
    ...row.settings,
  ];
}

/** Before version 18, when a child's own NOT NULL has no name. */
function addsNotNull({ notNull, parentNotNull, bareName }: Column, { notNulls }: Parts): boolean {
  return notNull && !parentNotNull && !notNulls.has(bareName);
}

/** Since version 18: what a child by INHERITS says itself about a column that is its parents'. */
function inheritedNotNulls(row: TableRow, parts: Parts): readonly string[] {
  return ownNotNulls(inheritedOnly(row, parts), parts)
    .filter(({ valid }) => valid)
    .map(({ fullName, definition }) => `CONSTRAINT ${fullName} ${definition}`);
}

/** Since version 18. */
function unvalidatedNotNulls(row: TableRow, parts: Parts): readonly string[] {
  return ownNotNulls(parts.columns, parts)
    .filter(({ valid }) => !valid)
    .map(
      ({ fullName, definition }) => `ALTER ${word(row)} ${row.name} ADD CONSTRAINT ${fullName} ${definition}`,
    );
}

function ownNotNulls(columns: readonly Column[], { notNulls }: Parts): readonly NotNull[] {
  return columns.flatMap(({ bareName }) => {
    const constraint = notNulls.get(bareName);
    return constraint?.local === true ? [constraint] : [];
  });
}

/** The columns that an INHERITS clause brings. */
function inheritedOnly(row: TableRow, parts: Parts): readonly Column[] {
  return byClause(row, parts) ? parts.columns.filter(({ local }) => !local) : [];
}

export function setDefault(row: TableRow, column: string, text: string): string {
  return `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${column} SET DEFAULT ${text}`;
}

export function word({ kind }: TableRow): string {
  return kind === 'f' ? 'FOREIGN TABLE' : 'TABLE';
}

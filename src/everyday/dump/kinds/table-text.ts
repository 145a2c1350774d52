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
  const lines = [...columns, ...inline.map(({ name, definition }) => `CONSTRAINT ${name} ${definition}`)];
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
  const inheritedOnly = byClause(row, parts) ? parts.columns.filter(({ local }) => !local) : [];
  return [
    ...(withDefaults
      ? inheritedOnly.flatMap(({ name, default: value, generated }) =>
          value === null || generated !== '' ? [] : [setDefault(row, name, value.text)],
        )
      : []),
    ...inheritedOnly
      .filter(
        ({ notNull, parentNotNull, bareName }) => notNull && !parentNotNull && !parts.notNulls.has(bareName),
      )
      .map(({ name }) => `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${name} SET NOT NULL`),
    ...laterNotNulls(row, parts, inheritedOnly),
    ...parts.columns.flatMap(({ name, settings }) =>
      settings.map((setting) => `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${name} ${setting}`),
    ),
    ...row.settings,
  ];
}

/** Since version 18: NOT NULL that is not validated, and what a child adds to a column of its parent. */
function laterNotNulls(row: TableRow, parts: Parts, inheritedOnly: readonly Column[]): readonly string[] {
  const later = (column: Column, { valid, local }: NotNull) =>
    local && (!valid || inheritedOnly.includes(column));
  return parts.columns.flatMap((column) => {
    const constraint = parts.notNulls.get(column.bareName);
    return constraint !== undefined && later(column, constraint)
      ? [`ALTER ${word(row)} ${row.name} ADD CONSTRAINT ${constraint.fullName} ${constraint.definition}`]
      : [];
  });
}

export function setDefault(row: TableRow, column: string, text: string): string {
  return `ALTER ${word(row)} ONLY ${row.name} ALTER COLUMN ${column} SET DEFAULT ${text}`;
}

export function word({ kind }: TableRow): string {
  return kind === 'f' ? 'FOREIGN TABLE' : 'TABLE';
}

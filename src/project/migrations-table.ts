/** dbmate's table of applied versions, where nothing names it. */
const DEFAULT = 'schema_migrations';

/**
 * `schema.table`, or the bare name for schema public. As dbmate has it, a `search_path` in the URL decides the schema of
 * a table that is named without one.
 */
export function migrationsTable(named: string | undefined, databaseUrl: string | null): string {
  const table = named ?? DEFAULT;
  const schema = table.includes('.') ? '' : firstOfSearchPath(databaseUrl);
  return schema === '' ? table : `${schema}.${table}`;
}

function firstOfSearchPath(databaseUrl: string | null): string {
  if (databaseUrl === null || !URL.canParse(databaseUrl)) return '';
  const path = new URL(databaseUrl).searchParams.get('search_path') ?? '';
  return path.split(',')[0]?.trim() ?? '';
}

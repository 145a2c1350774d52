/** A skeleton that loads as it is; its table is one that nobody has, so that it is refused until it is filled in. */
export function migrationTemplate(name: string): string {
  return `import { addColumn, defineMigration } from 'pgbellows';
// Also there: createIndex, addCheck, addForeignKey, addUnique, statement, setNotNull, dropColumn, dropTable, on, sql.
// Moves that come ready-made: import { renameColumn, addRequiredColumn } from 'pgbellows/recipes';

export default defineMigration({
  description: '${sentence(name)}',
  table: 'my_table',

  // 1. Add the new shape beside the old one.
  expand: [addColumn('my_column', 'text')],

  // 2. Move the data: old to new, and back, so that old and new code can run side by side.
  // backfill: {
  //   set: { my_column: sql\`lower(old_column)\` },
  //   reverse: { old_column: sql\`my_column\` },
  // },

  // 3. Take the old shape away, once the gate is open.
  // contract: [setNotNull('my_column'), dropColumn('old_column')],
  // gate: { soak: '24h', deployed: { api: '>=42' } },
});
`;
}

/** Letters, digits, "_" and "-" only: nothing that a string would have to escape. */
function sentence(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim() || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

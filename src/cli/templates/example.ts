export const EXAMPLE_TEMPLATE = `// An example, explained. It is never run: files whose names begin with "_" are left alone.
// \`bellows new <name>\` writes one of your own.
import { addColumn, createIndex, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';

export default defineMigration({
  description: 'First and last name become columns of their own',
  table: 'users',

  // 1. EXPAND adds the new shape beside the old one. Each step takes its lock for a moment only; what runs now goes on.
  expand: [
    addColumn('first_name', 'text'),
    addColumn('last_name', 'text'),
    createIndex(['last_name']), // always CONCURRENTLY
  ],

  // 2. BACKFILL moves the rows in short batches that give way to the application. The mapping is said once: batches,
  //    triggers that keep both shapes equal, and the verification all come from it.
  backfill: {
    set: {
      first_name: sql\`split_part(full_name, ' ', 1)\`,
      last_name: sql\`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)\`,
    },
    // The way back: code that still reads full_name sees what new code writes, and a rollback loses nothing.
    reverse: {
      full_name: sql\`concat_ws(' ', first_name, nullif(last_name, ''))\`,
    },
  },

  // 3. CONTRACT takes the old shape away, when the gate is open and not before.
  contract: [setNotNull('first_name'), setNotNull('last_name'), dropColumn('full_name')],

  // The gate: every row moved and verified is always asked for. This comes on top.
  gate: {
    soak: '24h', // the new shape has been complete for a day
    deployed: { api: '>=42' }, // bellows deploys record api 42
  },
});
`;

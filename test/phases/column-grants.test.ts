import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBellows } from '#main';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase();

const FILE = `
import { addColumn, defineMigration, sql } from 'pgbellows';
export default defineMigration({
  description: 'Split', table: 'users',
  expand: [addColumn('first_name', 'text'), addColumn('label', 'text')],
  backfill: { set: { first_name: sql\`split_part(full_name, ' ', 1)\`, label: sql\`full_name || email\` } },
});`;

it('a role with column grants gets them on the new column, where it had them on all that it is made of', async () => {
  const client = await connect(database.url);
  const role = `reader_${database.name}`;
  await client.query(`create table users (id serial primary key, full_name text, email text)`);
  await client.query(
    `create role "${role}"; grant select (id, full_name), update (full_name) on users to "${role}"`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'grants-'));
  await mkdir(join(folder, 'migrations'));
  await writeFile(join(folder, 'migrations/20240102150000_split.ts'), FILE);
  const bellows = await createBellows({ cwd: folder, overrides: { databaseUrl: database.url } });
  try {
    await bellows.up({ until: 'expanded', detach: true });
    const may = async (column: string, privilege: string) => {
      const { rows } = await client.query('select has_column_privilege($1, $2, $3, $4) as may', [
        role,
        'users',
        column,
        privilege,
      ]);
      return rows[0].may;
    };
    expect(await may('first_name', 'select')).toBe(true);
    // One of its two sources is hidden from the role, and stays hidden.
    expect(await may('label', 'select')).toBe(false);
    // Both mappings share full_name, so a write of one may reach e-mail addresses too.
    expect(await may('first_name', 'update')).toBe(false);
  } finally {
    await bellows.close();
    await client.query(`drop owned by "${role}"; drop role "${role}"`);
    await rm(folder, { recursive: true, force: true });
  }
});

// Run as a process of its own: installs the schema and ends.
import { createDatabase } from '#postgres/database';
import { installSchema } from '#postgres/install';

const database = createDatabase({ url: process.env.DATABASE_URL ?? '', applicationName: 'test child' });
await database.query('select 1');
console.log('ready');
await installSchema(database);
await database.close();

import { loadSchema } from '#everyday/dump/load';
import { readParts } from '#everyday/dump/read';
import { schemaFile } from '#everyday/dump/text';
import { createDatabase as open } from '#postgres/database';
import { connect } from '../../support/database.js';

export async function dumped(url: string, grants = false): Promise<string> {
  const database = open({ url, applicationName: 'bellows dump test' });
  try {
    const source = { database, databaseUrl: url, migrationsTable: 'schema_migrations' };
    return schemaFile(await readParts(source, { provider: 'catalogue', grants }));
  } finally {
    await database.close();
  }
}

export async function loaded(url: string, text: string): Promise<void> {
  const database = open({ url, applicationName: 'bellows load test' });
  try {
    await loadSchema(database, { file: 'schema.sql', text }, new AbortController().signal);
  } finally {
    await database.close();
  }
}

export async function execute(url: string, sql: string): Promise<void> {
  const client = await connect(url);
  await client.query(sql);
  await client.end();
}

import { afterEach } from 'vitest';
import { createDatabase, type DatabaseOptions, type PostgresDatabase } from '#postgres/database';

export type Open = (url: string, options?: Partial<DatabaseOptions>) => PostgresDatabase;

/** Opens the adapter on a URL, and closes it after the test. Called after `useDatabase`, so that it closes before that drops. */
export function useOpen(): Open {
  const opened = new Set<PostgresDatabase>();
  afterEach(async () => {
    await Promise.all([...opened].map((database) => database.close()));
    opened.clear();
  });
  return (url, options = {}) => {
    const database = createDatabase({ url, applicationName: 'test', ...options });
    opened.add(database);
    return database;
  };
}

import { BellowsError } from '#core/errors';
import type { Context } from './context.js';

/**
 * Creates the database where there is none; true: it was created. In production only where `allowed`, since there a
 * database that is missing is more likely a wrong URL than a new project.
 */
export async function ensureDatabase(context: Context, allowed = false): Promise<boolean> {
  const { database, server, settings, emit } = context;
  const missing = await database.query('select 1').then(
    () => null,
    (error: unknown) => missingDatabase(error),
  );
  if (missing === null) return false;
  if (settings.production && !allowed) throw notInProduction(missing);
  const created = await server.create();
  if (created) emit('database:created', { database: server.database, place: server.place });
  return created;
}

function missingDatabase(error: unknown): BellowsError {
  if (error instanceof BellowsError && error.code === 'BELLOWS_PG_NO_DATABASE') return error;
  throw error;
}

function notInProduction({ code, text, data }: BellowsError): BellowsError {
  return new BellowsError(
    code,
    {
      what: text.what,
      why: 'In production it is not created on the way: its name may be mistyped.',
      left: 'Nothing was changed.',
      next: 'Check the name at the end of the database URL; if it is right: bellows up --create',
    },
    data,
  );
}

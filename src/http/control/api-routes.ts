/** The HTTP API: the shapes of `--json`. docs/http-api.md describes each. */
import { ACTIONS, type ActionName } from './actions.js';
import { actorOf } from './actor.js';
import { readBody } from './body.js';
import { RequestError } from './errors.js';
import { json } from './reply.js';
import type { Desk, Route, Visit } from './routes.js';

const DEFAULT_ROWS = 100;
const MAX_ROWS = 1_000;

export function apiRoutes(desk: Desk): readonly Route[] {
  const routes = [...lookRoutes(desk), ...actionRoutes(desk)];
  const list = () => routes.map(({ method, path, access }) => ({ method, path, access }));
  return [
    get('/api', async () => json({ name: 'bellows', version: desk.version, endpoints: list() })),
    ...routes,
  ];
}

function get(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path, access: 'read', answer };
}

function lookRoutes({ looks, lag }: Desk): readonly Route[] {
  const id = ({ params }: Visit) => params.id ?? '';
  return [
    get('/api/status', async () => json(await looks.status())),
    get('/api/migrations/:id', async (visit) => json(await looks.statusOf(id(visit)))),
    get('/api/migrations/:id/walk', async (visit) =>
      json({ ...(await looks.walk(id(visit))), replicationLag: lag() }),
    ),
    get('/api/migrations/:id/knobs', async (visit) => json(await looks.knobs(id(visit)))),
    get('/api/migrations/:id/history', async (visit) =>
      json({ history: await looks.history(id(visit), limitOf(visit)) }),
    ),
    get('/api/migrations/:id/quarantine', async (visit) => json({ rows: await looks.quarantine(id(visit)) })),
    get('/api/history', async (visit) => json({ history: await looks.history(undefined, limitOf(visit)) })),
    get('/api/quarantine', async () => json({ rows: await looks.quarantine() })),
  ];
}

function actionRoutes(desk: Desk): readonly Route[] {
  return (Object.keys(ACTIONS) as ActionName[]).map((name) => ({
    method: 'POST',
    path: `/api/migrations/:id/${name}`,
    access: 'write',
    answer: async ({ request, params }) => {
      const fields = await readBody(request);
      const verbs = desk.verbs(actorOf('api', fields));
      const { ended, document } = await ACTIONS[name]({ verbs, id: params.id ?? '', fields }).finally(
        desk.looks.forget,
      );
      return json(document, ended ? 200 : 202);
    },
  }));
}

function limitOf({ query }: Visit): number {
  const limit = Number(query.get('limit') ?? DEFAULT_ROWS);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_ROWS) return limit;
  throw new RequestError(400, 'BELLOWS_QUERY', {
    what: `limit must be a whole number from 1 to ${MAX_ROWS}.`,
    next: 'Leave it out for the newest 100.',
  });
}

/** The web page: every address that is not the API's. */
import type { KnobsView } from '#api';
import { BellowsError } from '#core/errors';
import { knobText } from '#core/knob-text';
import type { MigrationStatus } from '#core/status';
import { ACTIONS, type ActionName } from '../control/actions.js';
import { actorOf } from '../control/actor.js';
import { type Fields, readBody } from '../control/body.js';
import { statusOf } from '../control/errors.js';
import type { Looks } from '../control/looks.js';
import { type Reply, seeOther } from '../control/reply.js';
import type { Desk, Route, Visit } from '../control/routes.js';
import { errorCard, FORMS, formBody } from './forms.js';
import { gateCard } from './gate.js';
import { html, nothing, type Part } from './html.js';
import { sheet } from './layout.js';
import { listBody } from './list.js';
import { loginRoutes } from './login.js';
import { fileBody, runBody } from './run.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

const HISTORY_SHOWN = 100;

export function pageRoutes(desk: Desk): readonly Route[] {
  return [
    asset('/page.css', 'text/css; charset=utf-8', STYLE),
    asset('/page.js', 'text/javascript; charset=utf-8', SCRIPT),
    ...loginRoutes(desk),
    { method: 'GET', path: '/', access: 'read', answer: () => listPage(desk) },
    { method: 'GET', path: '/migrations/:id', access: 'read', answer: (visit) => runPage(desk, visit) },
    ...(Object.keys(ACTIONS) as ActionName[]).flatMap((action) => formRoutes(desk, action)),
  ];
}

function asset(path: string, type: string, body: string): Route {
  return { method: 'GET', path, access: 'open', answer: async () => ({ status: 200, type, body }) };
}

async function listPage({ looks, version }: Desk): Promise<Reply> {
  return sheet({ title: 'Migrations', live: true, version, body: listBody(await looks.status()) });
}

async function runPage(
  { looks, guard, lag, version }: Desk,
  { params, query, request }: Visit,
): Promise<Reply> {
  const id = params.id ?? '';
  const unbegun = await unbegunFile(looks, id);
  if (unbegun !== null) return sheet({ title: id, live: true, version, body: fileBody(unbegun) });
  const detail = await looks.statusOf(id);
  const [walk, knobs, history, quarantine] = await Promise.all([
    looks.walk(id),
    looks.knobs(id),
    looks.history(detail.migration.id, HISTORY_SHOWN),
    looks.quarantine(id),
  ]);
  const mayAct = guard.allows(request.headers, 'write');
  const body = runBody({ detail, walk, knobs, history, quarantine, lag: lag(), mayAct, now: Date.now() });
  return sheet({ title: detail.migration.id, live: true, version, body: [saidOf(query), body] });
}

/** A migration of the folder that has no run, and so no detail; null: it has one, or is unknown. */
async function unbegunFile(looks: Looks, id: string): Promise<MigrationStatus | null> {
  try {
    await looks.statusOf(id);
    return null;
  } catch (error) {
    if (!(error instanceof BellowsError) || error.code !== 'BELLOWS_UNKNOWN_MIGRATION') throw error;
    return (await looks.status()).migrations.find((migration) => migration.id === id) ?? null;
  }
}

/** Only sentences of ours are said, whatever the address asks for. */
function saidOf(query: URLSearchParams): Part {
  const action = (Object.keys(FORMS) as ActionName[]).find((name) => name === query.get('done'));
  return action === undefined
    ? nothing
    : html`<p class="card banner good" role="status">${FORMS[action].done}</p>`;
}

function formRoutes(desk: Desk, action: ActionName): readonly Route[] {
  const path = `/migrations/:id/${action}`;
  return [
    { method: 'GET', path, access: 'write', answer: (visit) => formPage(desk, action, visit) },
    { method: 'POST', path, access: 'write', answer: (visit) => perform(desk, action, visit) },
  ];
}

async function formPage({ looks, version }: Desk, action: ActionName, { params }: Visit): Promise<Reply> {
  const detail = await looks.statusOf(params.id ?? '');
  // Whoever approves sees once more what the checks saw.
  const beside = action === 'approve' || action === 'contract' ? gateCard(detail, false) : nothing;
  const given = action === 'set' ? knobFields(await looks.knobs(detail.migration.id)) : {};
  const body = formBody(action, detail.migration.id, given, null, beside);
  return sheet({ title: FORMS[action].title, live: false, version, body });
}

/** What a form of knobs is filled with: the values as they are. */
function knobFields({ knobs }: KnobsView): Fields {
  return Object.fromEntries(knobs.map(({ name, value }) => [name, knobText(value)]));
}

async function perform(desk: Desk, action: ActionName, { params, request }: Visit): Promise<Reply> {
  const id = params.id ?? '';
  const fields = await readBody(request);
  try {
    const verbs = desk.verbs(actorOf('web', fields));
    await ACTIONS[action]({ verbs, id, fields: filled(fields) }).finally(desk.looks.forget);
    return seeOther(`/migrations/${id}?done=${encodeURIComponent(action)}`);
  } catch (error) {
    if (!(error instanceof BellowsError)) throw error;
    const body = formBody(action, id, fields, error);
    return sheet({
      ...{ title: FORMS[action].title, live: false, version: desk.version },
      body,
      status: statusOf(error),
    });
  }
}

/** A form sends what was left empty as well. */
function filled(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== '' || name === 'reason'),
  );
}

export function errorPage(error: BellowsError, status: number, version: string): Reply {
  const body = html`<h1>It cannot be shown</h1>${errorCard(error)}<p><a href="/">All migrations</a></p>`;
  return sheet({ title: 'Error', live: false, version, body, status });
}

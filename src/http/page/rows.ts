/** The lower half of a run's page: who blocks, what is in quarantine, the steps, the history, the way to more. */
import type { MigrationDetail, QuarantinedRow, StepDetail } from '#api';
import { instant } from '#core/numbers';
import { blockerText } from '#core/waits';
import type { HistoryRow } from '#ports';
import { type Html, html, nothing } from './html.js';
import { card } from './layout.js';

export function blockersCard({ blockers }: MigrationDetail): Html {
  const list = blockers.map(
    (blocker) => html`<li>${blockerText(blocker)}
${blocker.query === '' ? nothing : html`<pre>${blocker.query}</pre>`}
<p class="dim">ends it, if nothing else does: <code>bellows kill ${blocker.pid} --reason "…"</code></p></li>`,
  );
  return card(
    'blockers',
    'Sessions in the way',
    blockers.length === 0 ? html`<p class="dim">none</p>` : html`<ul>${list}</ul>`,
  );
}

const SHOWN = 50;

export function quarantineCard(id: string, rows: readonly QuarantinedRow[], mayAct: boolean): Html {
  const open = rows.filter(({ state }) => state === 'open');
  if (rows.length === 0) return card('quarantine', 'Quarantine', html`<p class="dim">empty</p>`);
  return card('quarantine', `Quarantine (${open.length} open)`, [
    html`<p class="dim">Rows that the mapping could not transform: by key, never by value.</p>`,
    mayAct && open.length > 0
      ? html`<ul class="actions"><li><a class="button" href="/migrations/${id}/quarantine/retry">Retry …</a></li>
<li><a class="button" href="/migrations/${id}/quarantine/skip">Leave as they are …</a></li></ul>`
      : nothing,
    html`<table><thead><tr><th scope="col">no.</th><th scope="col">table</th><th scope="col">key</th><th scope="col">why</th>
<th scope="col">state</th><th scope="col">found</th></tr></thead><tbody>${rows.slice(0, SHOWN).map(quarantineRow)}</tbody></table>`,
    rows.length > SHOWN
      ? html`<p class="dim">and ${rows.length - SHOWN} more: <code>bellows quarantine list ${id}</code></p>`
      : nothing,
  ]);
}

function quarantineRow({ id, table, key, sqlstate, reason, state, foundAt }: QuarantinedRow): Html {
  return html`<tr><th scope="row">${id}</th><td data-label="table">${table}</td><td class="free" data-label="key"><code>${key}</code></td>
<td data-label="why">${sqlstate} ${reason}</td><td data-label="state">${state}</td><td class="when" data-label="found">${instant(foundAt)}</td></tr>`;
}

export function stepsCard({ steps }: MigrationDetail): Html {
  const done = steps.filter(({ run }) => run?.state === 'done').length;
  return card(
    'steps',
    `Steps (${done} of ${steps.length} done)`,
    html`<ul class="list">${steps.map(stepRow)}</ul>`,
  );
}

function stepRow({ id, phase, title, lock, blocks, sql, run }: StepDetail): Html {
  const state = run?.state ?? 'waiting';
  const tone = state === 'done' ? 'good' : state === 'failed' ? 'bad' : 'dim';
  const takes = lock === 'none' ? 'no lock' : `${lock}, blocks ${blocks}`;
  return html`<li><div class="row"><span class="tag ${tone}">${state}</span> <span>${phase}</span> <b>${title}</b></div>
<p class="dim">${takes}${run === null ? nothing : `; ${attempts(run.attempts)}, ${spent(run.startedAt, run.finishedAt)}`}</p>
${run?.error ? html`<p class="bad">${run.error}</p>` : nothing}
<details id="step-${id.replaceAll('/', '-')}"><summary>SQL</summary>${sql.map((text) => html`<pre>${text}</pre>`)}</details></li>`;
}

function attempts(count: number): string {
  return `${count} attempt${count === 1 ? '' : 's'}`;
}

function spent(startedAt: string, finishedAt: string | null): string {
  if (finishedAt === null) return `since ${instant(startedAt)}`;
  return `${((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

export function historyCard(history: readonly HistoryRow[]): Html {
  const rows = history.map(
    ({
      at,
      actor,
      action,
      detail,
    }) => html`<tr><td class="when" data-label="at">${instant(at)}</td><td data-label="who">${actor}</td>
<th scope="row">${action}</th><td class="free" data-label="detail">${detailText(detail)}</td></tr>`,
  );
  return card(
    'history',
    'History',
    html`<table><thead><tr><th scope="col">when</th><th scope="col">who</th><th scope="col">what</th><th scope="col">detail</th></tr></thead>
<tbody>${rows}</tbody></table>`,
  );
}

/** `from gated, to paused, reason quarter end` */
function detailText(detail: HistoryRow['detail']): string {
  return Object.entries(detail)
    .filter(([name, value]) => value !== null && name !== 'kind')
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

export function linksCard(id: string): Html {
  return card(
    'links',
    'More',
    html`<ul><li><a href="/api/migrations/${id}">This page as JSON</a></li>
<li><a href="/api/migrations/${id}/walk">Ranges and samples as JSON</a></li>
<li>In a terminal: <code>bellows status ${id}</code></li></ul>`,
  );
}

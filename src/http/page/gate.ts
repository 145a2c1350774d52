/** The checks before contract, with what each saw. */
import type { MigrationDetail } from '#api';
import { instant, wholeSeconds } from '#core/numbers';
import type { GateStatus, MigrationStatus } from '#core/status';
import { gateText, isShut } from '#core/status-words';
import { type Html, html, nothing } from './html.js';
import { card } from './layout.js';

export function gateCard({ migration }: MigrationDetail, mayAct: boolean): Html {
  if (migration.gate.length === 0)
    return card(
      'gate',
      'Gate',
      html`<p class="dim">Its checks are evaluated once the rows are verified.</p>`,
    );
  return card('gate', 'Gate', [
    html`<p>${gateText(migration)}</p>`,
    mayAct ? gateActions(migration) : nothing,
    html`<table><thead><tr><th scope="col">check</th><th scope="col">verdict</th><th scope="col">evidence</th>
<th scope="col">evaluated</th></tr></thead><tbody>${migration.gate.map(checkRow)}</tbody></table>`,
  ]);
}

function checkRow({ check, verdict, evidence, release, at }: GateStatus): Html {
  return html`<tr><th scope="row">${check}</th>
<td data-label="verdict"><span class="${TONES[verdict] ?? 'bad'}">${SIGNS[verdict] ?? '✗'} ${verdict}</span></td>
<td data-label="evidence">${wholeSeconds(evidence)}${release === null ? nothing : html`<br><span class="dim">release:</span> ${wholeSeconds(release)}`}</td>
<td class="when" data-label="evaluated">${instant(at)}</td></tr>`;
}

const TONES: Readonly<Record<string, string>> = { pass: 'good', 'n/a': 'dim', fail: 'bad', unknown: 'bad' };
const SIGNS: Readonly<Record<string, string>> = { pass: '✓', 'n/a': '–', fail: '✗', unknown: '?' };

function gateActions(migration: MigrationStatus): Html {
  const { id, state, gate, failed, paused } = migration;
  if (state !== 'gated' || failed !== null || paused !== null) return nothing;
  const unapproved = gate.some((check) => check.check === 'approval' && isShut(check));
  const open = !gate.some(isShut);
  return html`<ul class="actions">
${unapproved ? html`<li><a class="button main" href="/migrations/${id}/approve">Approve …</a></li>` : nothing}
${open ? html`<li><a class="button main" href="/migrations/${id}/contract">Contract now …</a></li>` : nothing}
<li><a class="button" href="/migrations/${id}/gate">Evaluate now …</a></li>
${open ? nothing : html`<li><a class="button" href="/migrations/${id}/gate/skip">Skip a check …</a></li>`}
</ul>`;
}

/** One sentence: what is happening, and whether anything is needed. Announced by screen readers when it changes. */
import type { MigrationDetail } from '#api';
import { instant, wholeSeconds } from '#core/numbers';
import type { Wait } from '#core/waits';
import { type Html, html, nothing, type Part } from './html.js';
import { card, live } from './layout.js';
import { moodOf } from './tone.js';

export function banner({ migration }: Pick<MigrationDetail, 'migration'>): Html {
  const { tone, word } = moodOf(migration);
  const [first] = migration.waits;
  const needed =
    first === undefined
      ? html`<p><b>${word}:</b> ${wholeSeconds(migration.next)}</p>`
      : html`<p><b>${word}:</b> <span class="reason">${first.reason}</span></p>${nextLine(first)}`;
  return live(
    'banner',
    `card banner ${tone}`,
    needed,
    html`role="status" aria-live="polite" aria-atomic="true"`,
  );
}

function nextLine({ next }: Wait): Html {
  return html`<p>next: <code class="next">${next}</code></p>`;
}

/** The first true cause and all others, and what stands beside the state. */
export function whyCard({ migration, drift, notices }: MigrationDetail): Html {
  const warnings = notices.filter(({ level }) => level === 'warning');
  const { waits, failed, paused } = migration;
  const content: Part = [
    waits.length === 0 ? html`<p>It does not wait: ${wholeSeconds(migration.next)}.</p>` : nothing,
    waits.length === 0
      ? nothing
      : html`<ol>${waits.map((wait) => html`<li>${wait.reason}${nextLine(wait)}</li>`)}</ol>`,
    failed === null ? nothing : html`<p class="dim">code <code>${failed.code}</code></p>`,
    paused === null ? nothing : html`<p class="dim">paused since ${instant(paused.since)}</p>`,
    drift === null ? nothing : html`<p class="bad">${drift}</p>`,
    warnings.length === 0 || migration.state === 'done'
      ? nothing
      : html`<details id="notices"><summary>${warnings.length} notes of the plan</summary><ul>${warnings.map(({ text }) => html`<li>${text}</li>`)}</ul></details>`,
  ];
  return card('why', 'Why is it waiting', content);
}

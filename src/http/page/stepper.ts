/** Where a migration is on its way, and when it got there. */

import { instant } from '#core/numbers';
import type { MigrationStatus } from '#core/status';
import type { HistoryRow } from '#ports';
import { type Html, html, nothing } from './html.js';
import { live } from './layout.js';

const PHASES = [
  { state: 'expanding', name: 'Expand' },
  { state: 'backfilling', name: 'Backfill' },
  { state: 'settling', name: 'Settle' },
  { state: 'gated', name: 'Gate' },
  { state: 'contracting', name: 'Contract' },
  { state: 'done', name: 'Done' },
] as const;

export function stepper({ state }: MigrationStatus, history: readonly HistoryRow[]): Html {
  const at = PHASES.findIndex((phase) => phase.state === state);
  if (at < 0 && state !== 'pending')
    return live('stepper', 'card', html`<p>It is ${state.replace('_', ' ')}.</p>`);
  return live(
    'stepper',
    'card',
    html`<h2 id="stepper-h">Phases</h2><ol class="stepper">${PHASES.map(({ state: phase, name }, i) => {
      const place = i < at || state === 'done' ? 'past' : i === at ? 'now' : 'later';
      const entered = enteredAt(history, phase);
      return html`<li class="${place}" ${place === 'now' ? html`aria-current="step"` : nothing}>${SIGNS[place]} ${name}
<small>${place === 'later' || entered === null ? '' : instant(entered)}</small></li>`;
    })}</ol>`,
    html`aria-labelledby="stepper-h"`,
  );
}

const SIGNS = { past: '✓', now: '▶', later: '○' } as const;

/** The newest entry; the history comes newest first. */
function enteredAt(history: readonly HistoryRow[], phase: string): string | null {
  return history.find(({ detail }) => detail.to === phase && detail.from !== phase)?.at ?? null;
}

/** What it costs production: rate, time of a batch, lag; what holds the pace, with its limit, and the time lost by it. */
import type { MigrationDetail, WalkView } from '#api';
import { inWords } from '#core/duration';
import { amount, count } from '#core/numbers';
import type { LagSample } from '../control/routes.js';
import { chart } from './chart.js';
import { type Html, html, nothing } from './html.js';
import { card } from './layout.js';

const LAG_EVERY_SECONDS = 10;

export function signalsCard(detail: MigrationDetail, walk: WalkView, lag: readonly LagSample[]): Html {
  const { samples, sampleSeconds } = walk;
  const gapSeconds = sampleSeconds * 3;
  const target = detail.pace?.targetMs;
  return card('signals', 'Pace and its limits', [
    held(detail),
    html`<div class="charts">`,
    chart({
      ...{ title: 'Rate', gapSeconds, none: 'No batch yet.' },
      points: samples.map(({ at, rowsPerSecond }) => ({ at, value: rowsPerSecond })),
      say: (value) => `${count(value)} rows/s`,
    }),
    chart({
      ...{ title: 'Batch time, 95th percentile', gapSeconds, none: 'No batch yet.' },
      points: samples.map(({ at, batchMs }) => ({ at, value: batchMs })),
      say: (value) => `${count(value)} ms`,
      ...(target === undefined ? {} : { limit: target }),
    }),
    chart({
      ...{
        title: 'Replication lag',
        gapSeconds: LAG_EVERY_SECONDS * 3,
        none: 'No standby, or it cannot be read.',
      },
      points: lag.map(({ at, seconds }) => ({ at, value: seconds })),
      say: (value) => `${amount(value)} s`,
    }),
    html`</div>`,
    lost(walk),
  ]);
}

function held({ migration }: MigrationDetail): Html {
  const holds = migration.backfill?.throttle ?? [];
  if (holds.length === 0) return html`<p>Nothing holds the pace.</p>`;
  const rows = holds.map(
    ({ signal, value, limit, release }) => html`<tr><th scope="row">${signal}</th>
<td data-label="value">${value === null ? 'cannot be read' : amount(value)}</td><td data-label="limit">${amount(limit)}</td>
<td data-label="released when">${release}</td></tr>`,
  );
  return html`<table><thead><tr><th scope="col">signal</th><th scope="col">value</th><th scope="col">limit</th>
<th scope="col">released when</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function lost({ lost: all }: WalkView): Html {
  const named = all.filter(({ seconds }) => seconds >= 1);
  if (named.length === 0) return nothing;
  return html`<p class="dim">time lost: ${named.map(({ signal, seconds }) => `${signal} ${inWords(seconds)}`).join(', ')}</p>`;
}

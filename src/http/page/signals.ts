/** What it costs production: rate, time of a batch, lag; what holds the pace, with its limit, and the time lost by it. */
import type { MigrationDetail, SignalReading, WalkView } from '#api';
import { inWords } from '#core/duration';
import { amount, count } from '#core/numbers';
import { isWalking } from '#core/status-words';
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
    isWalking(detail.migration) ? readings(detail) : nothing,
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
    lost(detail),
  ]);
}

/** Every signal with its limit: what holds, what is near to holding, what is far from it. */
function readings({ signals }: MigrationDetail): Html {
  if (signals.length === 0) return nothing;
  return html`<table><thead><tr><th scope="col">signal</th><th scope="col">state</th><th scope="col">reading</th>
<th scope="col">released when</th></tr></thead><tbody>${signals.map(reading)}</tbody></table>`;
}

function reading({ signal, verdict, text, release }: SignalReading): Html {
  const { tone, word } = WORDS[verdict];
  return html`<tr><th scope="row">${signal}</th><td data-label="state"><span class="${tone}">${word}</span></td>
<td data-label="reading">${text}</td><td data-label="released when">${verdict === 'stop' ? release : ''}</td></tr>`;
}

const WORDS: Readonly<Record<SignalReading['verdict'], { readonly tone: string; readonly word: string }>> = {
  stop: { tone: 'bad', word: '✗ holds' },
  slow: { tone: 'wait', word: '▼ slows' },
  go: { tone: 'good', word: '✓ free' },
  'n/a': { tone: 'dim', word: '– n/a' },
};

function lost({ lost: all }: MigrationDetail): Html {
  const named = all.filter(({ seconds }) => seconds >= 1);
  if (named.length === 0) return nothing;
  return html`<p class="dim">time lost: ${named.map(({ signal, seconds }) => `${signal} ${inWords(seconds)}`).join(', ')}</p>`;
}

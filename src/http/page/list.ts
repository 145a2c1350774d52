/** All migrations, what needs somebody first. */
import type { Status } from '#api';
import { wholeSeconds } from '#core/numbers';
import type { MigrationStatus } from '#core/status';
import { gateText, isWalking, rowsText, shareOf, speedParts, stateWord } from '#core/status-words';
import { type Html, html, nothing, type Part } from './html.js';
import { card } from './layout.js';
import { ATTENTIONS, type Attention, attentionOf, moodOf } from './tone.js';

const HEADINGS: Readonly<Record<Attention, string>> = {
  'needs you': 'Needs you',
  waits: 'Waits, and goes on by itself',
  'goes on': 'Goes on',
  'not begun': 'Not begun',
  done: 'Done',
};
/** The newest of what is over; `bellows status` has them all. */
const OVER_SHOWN = 20;

export function listBody({ migrations }: Status): Part {
  const groups = ATTENTIONS.map((attention) => ({
    attention,
    own: migrations.filter((m) => attentionOf(m) === attention),
  }));
  return [
    html`<h1>Migrations</h1>`,
    migrations.length === 0
      ? html`<p class="card">There are no migrations. <code>bellows new &lt;name&gt;</code> writes the first one.</p>`
      : nothing,
    // Groups that are empty stay in the page, so that a live page can fill them.
    groups.map(({ attention, own }) => group(attention, own)),
  ];
}

function group(attention: Attention, own: readonly MigrationStatus[]): Html {
  const shown = attention === 'done' ? own.toReversed().slice(0, OVER_SHOWN) : own;
  const more = own.length - shown.length;
  const content = html`<ul class="list">${shown.map(entry)}</ul>${more > 0 ? html`<p class="dim">and ${more} older</p>` : nothing}`;
  return card(
    `group-${attention.replaceAll(' ', '-')}`,
    `${HEADINGS[attention]} (${own.length})`,
    content,
    own.length === 0 ? 'card empty' : 'card',
  );
}

function entry(migration: MigrationStatus): Html {
  const { tone } = moodOf(migration);
  const share = shareOf(migration);
  return html`<li>
<div class="row">${nameOf(migration)} <span class="tag ${tone}">${stateWord(migration)}</span></div>
${
  isWalking(migration)
    ? html`${share === null ? nothing : html`<progress max="1" value="${share.toFixed(4)}" aria-label="rows moved"></progress>`}
<p>${[rowsText(migration), ...speedParts(migration, null)].join(' · ')}</p>`
    : nothing
}
${isShown(migration) ? html`<p>gate ${gateText(migration)}</p>` : nothing}
${migration.waits.map(({ reason }) => html`<p class="${tone}">${reason}</p>`)}
${isOver(migration) ? nothing : html`<p class="dim">next: <code>${wholeSeconds(migration.waits[0]?.next ?? migration.next)}</code></p>`}
</li>`;
}

function nameOf({ id, kind }: MigrationStatus): Html {
  return kind === 'phased'
    ? html`<a class="mono" href="/migrations/${id}">${id}</a>`
    : html`<span class="mono">${id}</span>`;
}

function isShown(migration: MigrationStatus): boolean {
  return migration.state === 'gated' && gateText(migration) !== '';
}

function isOver({ state }: MigrationStatus): boolean {
  return state === 'done' || state === 'rolled_back';
}

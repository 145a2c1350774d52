/** What an operator may do now; each leads to a page that says what it does, and asks. */
import type { KnobsView } from '#api';
import { knobText } from '#core/knob-text';
import type { MigrationStatus } from '#core/status';
import type { ActionName } from '../control/actions.js';
import { type Html, html, nothing } from './html.js';
import { card } from './layout.js';

interface Offer {
  readonly action: ActionName;
  readonly label: string;
  readonly danger?: true;
  readonly when: (migration: MigrationStatus) => boolean;
}

const MOVING = ['expanding', 'backfilling', 'settling', 'gated'];
const stands = ({ paused, failed }: MigrationStatus): boolean => paused !== null || failed !== null;

const OFFERS: readonly Offer[] = [
  { action: 'pause', label: 'Pause …', when: (m) => !stands(m) && [...MOVING, 'pending'].includes(m.state) },
  { action: 'resume', label: 'Resume …', when: (m) => m.paused !== null },
  { action: 'resume', label: 'Try again …', when: (m) => m.failed !== null },
  { action: 'set', label: 'Set the pace …', when: (m) => MOVING.includes(m.state) },
  {
    action: 'verify',
    label: 'Verify …',
    when: (m) => ['backfilling', 'settling', 'gated'].includes(m.state),
  },
  {
    action: 'rollback',
    label: 'Roll back …',
    danger: true,
    when: (m) => MOVING.includes(m.state),
  },
];

export function controlsCard(migration: MigrationStatus, { knobs }: KnobsView, mayAct: boolean): Html {
  const offers = OFFERS.filter(({ when }) => when(migration));
  const none = mayAct ? 'There is nothing to do.' : 'You may look; acting needs the write token.';
  return card('controls', 'Controls', [
    MOVING.includes(migration.state) ? pace(knobs) : nothing,
    !mayAct || offers.length === 0
      ? html`<p class="dim">${none}</p>`
      : html`<ul class="actions">${offers.map((offer) => link(migration.id, offer))}</ul>`,
  ]);
}

/** Those that are turned most, and that the form of `set` has; the terminal and the API have them all. */
const SHOWN: Readonly<Record<string, string>> = {
  rate: 'Rate, rows a second',
  concurrency: 'Concurrency',
  'batch-target': 'Batch target, ms',
};

function pace(knobs: KnobsView['knobs']): Html {
  const facts = knobs.flatMap(({ name, value }) => {
    const label = SHOWN[name];
    return label === undefined ? [] : html`<div><dt>${label}</dt><dd>${knobText(value)}</dd></div>`;
  });
  return html`<dl class="facts">${facts}</dl>`;
}

function link(id: string, { action, label, danger }: Offer): Html {
  return html`<li><a class="button ${danger === true ? 'danger' : ''}" href="/migrations/${id}/${action}">${label}</a></li>`;
}

/** What an operator may do now; each leads to a page that says what it does, and asks. */
import type { MigrationStatus } from '#core/status';
import type { ActionName } from '../control/actions.js';
import { type Html, html } from './html.js';
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

export function controlsCard(migration: MigrationStatus, mayAct: boolean): Html {
  const offers = OFFERS.filter(({ when }) => when(migration));
  const none = mayAct ? 'There is nothing to do.' : 'You may look; acting needs the write token.';
  return card(
    'controls',
    'Controls',
    !mayAct || offers.length === 0
      ? html`<p class="dim">${none}</p>`
      : html`<ul class="actions">${offers.map((offer) => link(migration.id, offer))}</ul>`,
  );
}

function link(id: string, { action, label, danger }: Offer): Html {
  return html`<li><a class="button ${danger === true ? 'danger' : ''}" href="/migrations/${id}/${action}">${label}</a></li>`;
}

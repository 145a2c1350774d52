/** The page of one migration, in the order in which an operator asks. */
import type { KnobsView, MigrationDetail, QuarantinedRow, WalkView } from '#api';
import type { MigrationStatus } from '#core/status';
import { stateWord } from '#core/status-words';
import type { HistoryRow } from '#ports';
import type { LagSample } from '../control/routes.js';
import { banner, whyCard } from './banner.js';
import { controlsCard } from './controls.js';
import { gateCard } from './gate.js';
import { html, type Part } from './html.js';
import { progressCard } from './progress.js';
import { blockersCard, historyCard, linksCard, quarantineCard, stepsCard } from './rows.js';
import { signalsCard } from './signals.js';
import { stepper } from './stepper.js';

export interface RunSheet {
  readonly detail: MigrationDetail;
  readonly walk: WalkView;
  readonly knobs: KnobsView;
  readonly history: readonly HistoryRow[];
  readonly quarantine: readonly QuarantinedRow[];
  readonly lag: readonly LagSample[];
  /** Whether whoever looks may act. */
  readonly mayAct: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function runBody({ detail, walk, knobs, history, quarantine, lag, mayAct, now }: RunSheet): Part {
  const { migration } = detail;
  return [
    html`<h1 class="mono">${migration.id}</h1>
<p>${detail.description} <span class="tag" id="state" data-live>${stateWord(migration)}</span></p>`,
    banner(detail),
    stepper(migration, history),
    progressCard(detail, walk, now),
    whyCard(detail),
    gateCard(detail, mayAct),
    signalsCard(detail, walk, lag),
    controlsCard(migration, knobs, mayAct),
    blockersCard(detail),
    quarantineCard(migration.id, quarantine, mayAct),
    stepsCard(detail),
    historyCard(history),
    linksCard(migration.id),
  ];
}

/** A file that no run was made of yet. */
export function fileBody(migration: MigrationStatus): Part {
  return [
    html`<h1 class="mono">${migration.id}</h1>
<p><span class="tag" id="state" data-live>${stateWord(migration)}</span></p>`,
    banner({ migration }),
    html`<p class="card">Nothing was done of it yet. <code>bellows plan ${migration.id}</code> says what would be.</p>`,
  ];
}

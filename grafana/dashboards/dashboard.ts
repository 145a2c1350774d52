/** What the dashboards have in common; each answers one question. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { RUNBOOKS } from '../runbooks.js';
import type { Section } from './section.js';
import { PHASE_MARKS, VARIABLES } from './variables.js';

export interface DashboardText {
  readonly uid: string;
  readonly title: string;
  /** The question that it answers. */
  readonly description: string;
  readonly sections: readonly Section[];
}

export function dashboardOf({ uid, title, description, sections }: DashboardText): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['bellows', 'postgresql'])
    .readonly()
    .version(1)
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .links([OTHERS, RUNBOOK_LINK])
    .variables([...VARIABLES])
    .annotation(PHASE_MARKS);
  let id = 0;
  for (const section of sections) {
    id += 1;
    const row = new RowBuilder(section.title).id(id);
    const panels = section.panels.map((panel) => {
      id += 1;
      return panel.id(id);
    });
    if (section.collapsed === true) for (const panel of panels) row.withPanel(panel);
    dashboard.withRow(row);
    if (section.collapsed !== true) for (const panel of panels) dashboard.withPanel(panel);
  }
  return dashboard.build();
}

const OTHERS = new DashboardLinkBuilder('Bellows')
  .type(DashboardLinkType.Dashboards)
  .tags(['bellows'])
  .includeVars(true)
  .keepTime(true);
const RUNBOOK_LINK = new DashboardLinkBuilder('Runbooks')
  .type(DashboardLinkType.Link)
  .icon('doc')
  .url(`${RUNBOOKS}/README.md`)
  .targetBlank(true);

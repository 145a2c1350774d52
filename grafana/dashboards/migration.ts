/** One question: how does this migration go, and is it safe for the application? */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { batchRow, gateRow } from './batches-and-gate.js';
import { overview, progressRow } from './overview-and-progress.js';
import { processRow, safetyRow } from './safety-and-processes.js';
import type { Section } from './section.js';
import { PHASE_MARKS, VARIABLES } from './variables.js';

export const DASHBOARD_FILE = 'dashboards/bellows-migration.json';

export function migrationDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Bellows / Migration')
    .uid('bellows-migration')
    .description(
      'How a migration goes: phase, progress, what holds it, what the application feels of it, the gate.',
    )
    .tags(['bellows', 'postgresql'])
    .readonly()
    .version(1)
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([...VARIABLES])
    .annotation(PHASE_MARKS);
  const sections: readonly Section[] = [overview, progressRow, safetyRow, batchRow, gateRow, processRow];
  let id = 0;
  for (const { title, collapsed, panels } of sections) {
    id += 1;
    const row = new RowBuilder(title).id(id);
    const numbered = panels.map((panel) => {
      id += 1;
      return panel.id(id);
    });
    if (collapsed === true) for (const panel of numbered) row.withPanel(panel);
    dashboard.withRow(row);
    if (collapsed !== true) for (const panel of numbered) dashboard.withPanel(panel);
  }
  return dashboard.build();
}

/** One question: how does this migration go, and is it safe for the application? */
import { dashboardOf } from './dashboard.js';
import { batchRow } from './migration/batches.js';
import { ddlRow } from './migration/ddl.js';
import { errorRow } from './migration/errors.js';
import { gateRow } from './migration/gate.js';
import { overview, progressRow } from './migration/overview.js';
import { processRow } from './migration/processes.js';
import { safetyRow } from './migration/safety.js';

export const migrationDashboard = () =>
  dashboardOf({
    uid: 'bellows-migration',
    title: 'Bellows / Migration',
    description:
      'How a migration goes: phase, progress, what holds it, what the application feels of it, the gate.',
    sections: [overview, progressRow, safetyRow, batchRow, ddlRow, errorRow, gateRow, processRow],
  });

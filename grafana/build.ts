/** Writes what is generated: the dashboards' JSON and `docs/metrics.md`. A test fails when a committed file differs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderMetricsDoc } from '#observe/metrics-doc';
import { fleetDashboard } from './dashboards/fleet.js';
import { migrationDashboard } from './dashboards/migration.js';
import { workersDashboard } from './dashboards/workers.js';

export const DASHBOARDS = [fleetDashboard(), migrationDashboard(), workersDashboard()] as const;

/** Path from the root of the repository -> its text. */
export function generated(): Readonly<Record<string, string>> {
  const dashboards = DASHBOARDS.map(
    (dashboard) =>
      [`grafana/dashboards/${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`] as const,
  );
  return { ...Object.fromEntries(dashboards), 'docs/metrics.md': renderMetricsDoc() };
}

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

async function writeGenerated(): Promise<void> {
  for (const [path, text] of Object.entries(generated())) {
    const file = `${ROOT}${path}`;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeGenerated();

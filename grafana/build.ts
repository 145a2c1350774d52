/** Writes what is generated: the dashboards' JSON and `docs/metrics.md`. A test fails when a committed file differs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderMetricsDoc } from '#observe/metrics-doc';
import { DASHBOARD_FILE, migrationDashboard } from './dashboards/migration.js';

/** Path from the root of the repository -> its text. */
export function generated(): Readonly<Record<string, string>> {
  return {
    [`grafana/${DASHBOARD_FILE}`]: `${JSON.stringify(migrationDashboard(), null, 2)}\n`,
    'docs/metrics.md': renderMetricsDoc(),
  };
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

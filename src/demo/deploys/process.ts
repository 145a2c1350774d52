/** The process of one deploy: measured here, where neither Bellows nor the report can make its clock late. */
import type { Sample } from '../latency.js';
import { createPick, type Request } from './deploy.js';
import type { DeploySettings, FromDeploy, ToDeploy, Version } from './messages.js';
import { connect, type Workload, work } from './session.js';
import { v1 } from './v1.js';
import { v2 } from './v2.js';
import { v3 } from './v3.js';

const REPORT_MS = 200;
const REQUESTS: { readonly [V in Version]: readonly Request[] } = { 1: v1, 2: v2, 3: v3 };

async function run(settings: DeploySettings): Promise<void> {
  const stop = new AbortController();
  const speed = { rate: settings.rate };
  // The terminal sends Ctrl-C to everybody; the demo says when.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToDeploy) => {
    if (message.kind === 'stop') stop.abort();
    else speed.rate = message.rate;
  });
  let [samples, errors]: [Sample[], string[]] = [[], []];
  const report = async () => {
    const message = { kind: 'seen', samples, errors } as const;
    [samples, errors] = [[], []];
    await tell(message);
  };
  const workload: Workload = {
    application: `app/${settings.version}`,
    databaseUrl: settings.databaseUrl,
    requests: REQUESTS[settings.version],
    pick: createPick(settings.loaded),
    gapMs: () => (1_000 * settings.connections) / speed.rate,
    seen: (sample) => samples.push(sample),
    failed: (what) => errors.push(what),
  };
  const clients = await Promise.all(Array.from({ length: settings.connections }, () => connect(workload)));
  await tell({ kind: 'ready' });
  const reporting = setInterval(() => void report(), REPORT_MS);
  await Promise.all(clients.map((client) => work(client, workload, stop.signal)));
  await Promise.all(clients.map((client) => client.end()));
  clearInterval(reporting);
  await report();
  process.disconnect();
}

async function tell(message: FromDeploy): Promise<void> {
  // When the demo is gone nobody listens, and 'disconnect' ends this process.
  if (process.connected) await new Promise<void>((resolve) => process.send?.(message, () => resolve()));
}

await run(JSON.parse(process.argv[2] ?? '') as DeploySettings);

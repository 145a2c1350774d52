// Writes far more than a pipe holds, with turns of the event loop in between, as a worker does.
import { setImmediate as turn } from 'node:timers/promises';
import { createLog } from '#observe/log';

const log = createLog({ level: 'debug', pretty: false });
const begun = performance.now();
for (let i = 0; i < 20_000; i += 1) {
  log.listener('batch:committed', { migration: 'm', rows: i, blocks: 1, seconds: 0.1 });
  if (i % 100 === 0) await turn();
}
process.stdout.write(`worked for ${Math.round(performance.now() - begun)} ms\n`);
log.flush();

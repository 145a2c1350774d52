import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Latencies } from './application.js';

export interface ApplicationProcess {
  measure(seconds: number): Promise<Latencies>;
  kill(): void;
}

const APPLICATION = fileURLToPath(new URL('application.js', import.meta.url));

/** @param rows ids that it asks for: 1 to so many. */
export function startApplication(url: string, rows: number): ApplicationProcess {
  const child = fork(APPLICATION, [url, String(rows)]);
  return {
    measure: (seconds) =>
      new Promise((resolve, reject) => {
        const end = (code: number | null) =>
          reject(new Error(`The application ended with exit code ${code}.`));
        child.once('exit', end).once('message', (latencies: Latencies) => {
          child.off('exit', end);
          resolve(latencies);
        });
        child.send(seconds);
      }),
    kill: () => child.kill('SIGKILL'),
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import type { Addresses } from './provided.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * One PostgreSQL 18 and, where it is to be had, one Redis for the whole run.
 *
 * They belong to a child process: the runner loads this file without the import condition that the sources need.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const args = ['--import', here('./typescript.mjs'), here('./run-servers.ts')];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(child.stdout, 'data').then(([bytes]) => String(bytes)),
    exited.then(([code]) =>
      Promise.reject(new Error(`The servers of the test run did not start (exit code ${code}).`)),
    ),
  ]);
  const { postgresUrl, redisUrl } = JSON.parse(line) as Addresses;
  project.provide('postgresUrl', postgresUrl);
  project.provide('redisUrl', redisUrl);
  return async () => {
    child.stdin.end();
    await exited;
  };
}

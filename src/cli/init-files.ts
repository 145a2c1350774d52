/** The files of CI and containers that `init` writes on request. */
import { basename, dirname, join, relative } from 'node:path';
import { CONFIG_NAMES, exists } from '#project/config-file';
import type { OfflineSettings } from '#project/settings';
import { CI_WORKFLOW } from './templates/ci.js';
import { COMPOSE, dockerfile } from './templates/docker.js';
import { type Written, writeNew } from './write-new.js';

export async function writeWorkflow(cwd: string): Promise<readonly Written[]> {
  return [await writeNew(cwd, join(cwd, '.github', 'workflows', 'migrate.yml'), CI_WORKFLOW)];
}

export async function writeContainers(cwd: string, settings: OfflineSettings): Promise<readonly Written[]> {
  const image = dockerfile({
    files: await imageFiles(cwd, settings),
    lock: await exists(join(cwd, 'package-lock.json')),
  });
  return [await writeNew(cwd, join(cwd, 'Dockerfile'), image), await writeCompose(cwd)];
}

/** In the order in which Docker Compose looks: one of ours in front of another would take its place without a word. */
const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

async function writeCompose(cwd: string): Promise<Written> {
  for (const name of COMPOSE_NAMES) if (await exists(join(cwd, name))) return { path: name, written: false };
  return writeNew(cwd, join(cwd, 'compose.yaml'), COMPOSE);
}

/** What is there now: an image cannot be built from a file that is not. */
async function imageFiles(cwd: string, settings: OfflineSettings): Promise<readonly string[]> {
  const [folder = join(cwd, 'migrations')] = settings.migrations;
  const beside = ['seeds', 'checks', basename(settings.schemaFile)].map((name) =>
    join(dirname(folder), name),
  );
  const wanted = [
    ...(settings.configFile === null ? [join(cwd, CONFIG_NAMES[0])] : [settings.configFile]),
    ...settings.migrations,
    ...beside,
  ];
  const there = await Promise.all(wanted.map(exists));
  return wanted
    .filter((_, i) => there[i])
    .map((path) => relative(cwd, path))
    .filter((path) => !path.startsWith('..'));
}

import { lstatSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findBinaries, locate, MAJORS, prepareBinaries } from '#servers/binaries';
import { copyTree } from '#servers/copy-tree';
import { createDataDir } from '#servers/data-dir';
import { temporaryBase } from '#servers/folders';
import { serverIdentity } from '#servers/identity';
import { spawnNode } from '../support/processes.js';

const PREPARE = fileURLToPath(new URL('./programs/prepare.ts', import.meta.url));
const root = process.getuid?.() === 0;
const installed = locate(18)!;

let folder = '';
/** A version of its own, so that no cached copy of another test is met. */
let version = '';
const remove: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(await temporaryBase(), 'bellows-test-'));
  version = `18.0.0-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await chmod(folder, 0o755);
});

afterEach(async () => {
  for (const path of [folder, ...remove.splice(0)]) await rm(path, { recursive: true, force: true });
});

const libraryNames = () => {
  const list = readFileSync(join(installed.folder, 'native', 'pg-symlinks.json'), 'utf8');
  return (JSON.parse(list) as readonly { readonly target: string }[]).map(({ target }) => target);
};

/** The package as npm unpacks it, before or after its install script has run. */
async function unpackPackage(links: 'with links' | 'without links'): Promise<void> {
  const names = new Set(libraryNames());
  const skip = (path: string) => links === 'without links' && names.has(`native/${path}`);
  await mkdir(join(folder, 'native'));
  await copyTree(join(installed.folder, 'native'), join(folder, 'native'), { open: true, skip });
}

it('finds every major, each in its own package', async () => {
  const found = await Promise.all(MAJORS.map((major) => findBinaries(major, serverIdentity())));
  expect(found.map(({ version }) => Number.parseInt(version, 10))).toEqual([...MAJORS]);
  expect(new Set(found.map(({ postgres }) => postgres)).size).toBe(MAJORS.length);
});

it('finds nothing where no package is installed', () => {
  expect(locate(18, join(folder, 'package.json'))).toBeUndefined();
});

it('makes missing library links in place, several callers at once', async () => {
  await unpackPackage('without links');
  const calls = Array.from({ length: 4 }, () => prepareBinaries({ folder, version }, serverIdentity()));
  for (const { postgres } of await Promise.all(calls))
    expect(dirname(dirname(dirname(postgres)))).toBe(folder);
  for (const name of libraryNames()) expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true);
});

it('works from a copy where links are missing and the package cannot be written', async () => {
  await unpackPackage('without links');
  await chmod(join(folder, 'native', 'lib'), 0o555);
  const child = spawnNode([PREPARE, folder, version], { user: serverIdentity() });
  const [, postgres = ''] = await child.waitForLine(/^prepared (.*)/);
  remove.push(dirname(dirname(dirname(postgres))));
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(postgres.startsWith(folder)).toBe(false);
  await chmod(join(folder, 'native', 'lib'), 0o755);
});

it.runIf(root)('works from a copy where only root can reach the package', async () => {
  await unpackPackage('with links');
  await chmod(folder, 0o700);
  const identity = serverIdentity();
  const binaries = await prepareBinaries({ folder, version }, identity);
  const copy = dirname(dirname(dirname(binaries.postgres)));
  remove.push(copy, copy.replace('-binaries-', '-data-'));
  expect(copy.startsWith(folder)).toBe(false);
  const data = join(folder, 'data');
  await createDataDir(binaries, identity, data);
  expect((await stat(data)).uid).toBe(identity!.uid);
  expect(readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()).toBe('18');
});

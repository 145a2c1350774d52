import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The table of docs/architecture.md: which room may import which. A room may always import itself. */
const ARROWS: Readonly<Record<string, readonly string[] | 'all'>> = {
  core: [],
  ports: ['core'],
  api: ['core', 'ports'],
  phases: ['core', 'ports'],
  parser: ['core'],
  project: ['core', 'parser'],
  postgres: ['core', 'ports'],
  everyday: ['core', 'ports', 'parser'],
  queue: ['core', 'ports'],
  observe: ['core', 'ports'],
  http: ['core', 'ports', 'api'],
  servers: ['core'],
  scheduler: ['core', 'ports', 'phases'],
  verbs: ['core', 'ports', 'api', 'phases', 'everyday', 'parser', 'scheduler', 'project', 'observe', 'http'],
  main: 'all',
  index: 'all',
  cli: 'all',
  demo: 'all',
  bench: 'all',
  bundle: [],
  migrations: ['pgbellows'],
  grafana: ['core', 'observe'],
};

/** Imports that point upwards, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/project/public-modules.ts → index': 'hands a migration file the modules of this very process',
  'src/project/public-modules.ts → phases': 'hands a migration file the recipes of this very process',
};

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function roomOf(path: string): string {
  const parts = relative(ROOT, path).split('/');
  if (parts[0] !== 'src') return parts[0] ?? '';
  return (parts.length === 2 ? parts[1]?.replace(/\.ts$/, '') : parts[1]) ?? '';
}

function codeOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

function importsOf(path: string): readonly string[] {
  return [...codeOf(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function targetOf(path: string, specifier: string): string | null {
  if (specifier.startsWith('#')) return specifier.slice(1).split('/')[0] ?? null;
  if (specifier.startsWith('.')) return roomOf(join(path, '..', specifier.replace(/\.js$/, '.ts')));
  return specifier.startsWith('pgbellows') ? 'pgbellows' : null;
}

const FILES = ['src', 'phases', 'migrations', 'grafana'].flatMap((folder) => filesBelow(join(ROOT, folder)));

describe('imports between rooms', () => {
  it('go only where the table has an arrow', () => {
    const wrong = FILES.flatMap((path) => {
      const room = roomOf(path);
      const allowed = ARROWS[room];
      if (allowed === 'all') return [];
      return importsOf(path).flatMap((specifier) => {
        const target = targetOf(path, specifier);
        if (target === null || target === room || allowed?.includes(target)) return [];
        const arrow = `${relative(ROOT, path)} → ${target}`;
        return arrow in EXCEPTIONS ? [] : [arrow];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('every room is in the table', () => {
    const rooms = new Set(FILES.map(roomOf));
    expect([...rooms].filter((room) => !(room in ARROWS))).toEqual([]);
  });

  it('the metrics library has one door', () => {
    const importing = FILES.filter((path) => importsOf(path).includes('prom-client'));
    expect(importing.map((path) => relative(ROOT, path))).toEqual(['src/observe/metrics.ts']);
  });

  it('the heart touches no clock, no randomness and no world', () => {
    const core = FILES.filter((path) => roomOf(path) === 'core');
    const impure = core.filter((path) =>
      /\b(Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|fetch\()/.test(readFileSync(path, 'utf8')),
    );
    expect(impure.map((path) => relative(ROOT, path))).toEqual([]);
  });
});

describe('files', () => {
  it('are at most 300 lines long', () => {
    const long = FILES.filter((path) => readFileSync(path, 'utf8').split('\n').length > 301);
    expect(long.map((path) => relative(ROOT, path))).toEqual([]);
  });

  it('give up on no type', () => {
    const given = FILES.filter((path) => /(: any\b|<any>|\bas any\b|as unknown as)/.test(codeOf(path)));
    expect(given.map((path) => relative(ROOT, path))).toEqual([]);
  });
});

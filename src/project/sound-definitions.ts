/**
 * Definitions that were read before, with their checksums. A status of a thousand files wants to know that they are what they were,
 * and not to have PostgreSQL's parser read each of them again. Keyed by everything that a file exports, and by the code that judges it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from './package-version.js';

export interface SoundDefinitions {
  /** Of a definition that nothing was wrong with; null: it has to be read. */
  checksum(exported: unknown): string | null;
  add(exported: unknown, checksum: string): void;
  /** Keeps what was added; where that is not possible, the next run reads again. */
  save(): void;
}

const NAME = 'definitions.json';
/** Beyond it the oldest are forgotten. */
const MOST = 5_000;

/** @param cache the folder of compiled files; `false`: nothing is kept */
export function openSoundDefinitions(cache: string | false): SoundDefinitions {
  const path = cache === false ? null : join(cache, NAME);
  const known = new Map(path === null ? [] : read(path));
  let changed = false;
  return {
    checksum: (exported) => {
      const key = keyOf(exported);
      return key === null ? null : (known.get(key) ?? null);
    },
    add: (exported, checksum) => {
      const key = keyOf(exported);
      if (key === null) return;
      known.set(key, checksum);
      changed = true;
    },
    save: () => {
      if (path === null || !changed) return;
      try {
        writeFileSync(path, JSON.stringify([...known].slice(-MOST)), { mode: 0o600 });
      } catch {
        // A full disk, or no right to write: only time is lost.
      }
    },
  };
}

/** A function says what it means only by its text, which JSON does not hold: such a definition is read each time. */
function keyOf(exported: unknown): string | null {
  let code = false;
  const text = JSON.stringify(exported, (_, value: unknown) => {
    code ||= typeof value === 'function';
    return value === undefined ? '\u0000undefined' : value;
  });
  if (code || text === undefined) return null;
  return createHash('sha256').update(`${JUDGE}\0${text}`).digest('hex');
}

/** Another version may judge otherwise; and in a checkout, another build of the same. */
const JUDGE = `${packageVersion()} ${statSync(fileURLToPath(import.meta.url)).mtimeMs}`;

function read(path: string): readonly (readonly [string, string])[] {
  try {
    const entries: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(entries) ? entries.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From the nearest package.json above this file: the same in the sources and in the build. */
export function packageVersion(from = dirname(fileURLToPath(import.meta.url))): string {
  const version = versionIn(join(from, 'package.json'));
  if (version !== null) return version;
  return dirname(from) === from ? 'unknown' : packageVersion(dirname(from));
}

function versionIn(path: string): string | null {
  try {
    const content: { readonly name?: unknown; readonly version?: unknown } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    return content.name === 'pgbellows' && typeof content.version === 'string' ? content.version : null;
  } catch {
    return null;
  }
}

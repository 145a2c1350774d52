/**
 * The checksum of a file with code that is part of what it means: of its text and of the text of every local file that it
 * imports, directly or through others. Line endings are free, and nothing else is.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';

/** What `from`, `import` and `require` name; also in a comment, where it does no harm to look. */
const IMPORTED = /\b(?:from|import|require)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]*)\1/g;
/** As a specifier may leave them out, or name what the compiler makes of a file. */
const ENDINGS = ['', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js'];

/** SHA-256 as 64 hex digits. `path` is absolute. */
export async function checksumOfFile(path: string): Promise<string> {
  const texts = new Map<string, string>();
  await collect(path, texts);
  const hash = createHash('sha256').update('bellows text 1\n');
  const named = [...texts].map(([file, text]) => [relative(dirname(path), file), text] as const);
  for (const [name, text] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name.replaceAll('\\', '/'), text]));
  }
  return hash.digest('hex');
}

async function collect(file: string, texts: Map<string, string>): Promise<void> {
  if (texts.has(file)) return;
  const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  texts.set(file, text);
  for (const [, , specifier = ''] of text.matchAll(IMPORTED)) {
    const imported = await resolved(resolve(dirname(file), specifier));
    if (imported !== null) await collect(imported, texts);
  }
}

async function resolved(base: string): Promise<string | null> {
  const compiled = base.replace(/\.(m|c)?js$/, '.$1ts');
  for (const candidate of [compiled, ...ENDINGS.map((ending) => base + ending)]) {
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}

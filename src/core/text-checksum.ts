import { hash } from 'node:crypto';

/** SHA-256 of a file's text as 64 hex digits. Git may change line endings on its way to another machine; an editor adds a newline at the end. */
export function checksumOfText(source: string): string {
  const normalised = source
    .replace(/^\ufeff/, '')
    .replaceAll(/\r\n?/g, '\n')
    .trimEnd();
  return hash('sha256', normalised);
}

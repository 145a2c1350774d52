import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(`${root}docs/invariants.md`, 'utf8');

/** ``- `test/phases/verify.test.ts`: `counts every row once` ``; several tests of a file are separated by commas. */
function named(): readonly { readonly file: string; readonly test: string }[] {
  return [
    ...text.matchAll(
      /`(test\/[\w./-]+\.test\.ts)`: ((?:`` ?.+? ?``|`[^`]+`)(?:, (?:`` ?.+? ?``|`[^`]+`))*)/g,
    ),
  ].flatMap(([, file = '', tests = '']) =>
    [...tests.matchAll(/`` ?(.+?) ?``|`([^`]+)`/g)].map(([, long, short]) => ({
      file,
      test: long ?? short ?? '',
    })),
  );
}

/** The titles of a file's tests as they stand in its source: `%s` of an `each` included, quotes taken off. */
function titlesOf(file: string): ReadonlySet<string> {
  const source = readFileSync(`${root}${file}`, 'utf8');
  const quoted =
    /(?:\b(?:it|test)(?:\.\w+)*(?:\([^()\n]*\))?|\]\))\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)\s*,/g;
  return new Set(
    [...source.matchAll(quoted)].map(([, title = '']) => title.slice(1, -1).replace(/\\(.)/g, '$1')),
  );
}

it('every test that the invariants name is there', () => {
  const all = named();
  expect(all.length).toBeGreaterThan(80);
  const missing = all.filter(({ file, test }) => !existsSync(`${root}${file}`) || !titlesOf(file).has(test));
  expect(missing).toEqual([]);
});

it('no test is named in a form that is not understood', () => {
  const files = [...text.matchAll(/test\/[\w./-]+\.test\.ts/g)].length;
  expect(new Set(named().map(({ file }) => file)).size).toBeGreaterThan(10);
  const understood = [...text.matchAll(/`test\/[\w./-]+\.test\.ts`: `/g)].length;
  expect(understood).toBe(files);
});

it('every invariant has a section with at least one test', () => {
  const sections = text.split(/^## /m).filter((section) => /^\d+\. /.test(section));
  expect(sections.map((section) => Number.parseInt(section, 10))).toEqual(
    Array.from({ length: 14 }, (_, i) => i + 1),
  );
  for (const section of sections) expect(section, section.slice(0, 60)).toMatch(/`test\/.+\.test\.ts`: `/);
});

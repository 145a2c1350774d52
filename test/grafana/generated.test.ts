import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { generated, ROOT } from '../../grafana/build.js';

for (const [path, text] of Object.entries(generated())) {
  it(`${path} is as committed; else: npm run generate`, async () => {
    expect(await readFile(`${ROOT}${path}`, 'utf8')).toBe(text);
  });
}

it('no dashboard lies there that nothing generates', async () => {
  const files = await readdir(`${ROOT}grafana/dashboards`);
  const known = Object.keys(generated());
  const json = files.filter((file) => file.endsWith('.json')).map((file) => `grafana/dashboards/${file}`);
  expect(json.filter((file) => !known.includes(file))).toEqual([]);
});

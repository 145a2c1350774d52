/** The licences of the packages whose code is in the bundle: they ask to go with it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folders of the packages that these modules belong to, sorted. */
export function packagesOf(modules: readonly string[]): readonly string[] {
  const folders = modules.flatMap(
    (path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)].sort();
}

/** @throws Error where a package has no text that could go with its code */
export async function thirdParty(folders: readonly string[]): Promise<string> {
  const head = 'The command bellows holds code of the packages below, each under its own licence.\n';
  return [head, ...(await Promise.all(folders.map(noticeOf)))].join(`\n${'-'.repeat(80)}\n\n`);
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license }: Readonly<Record<string, unknown>> = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const text = (await licenceFile(folder)) ?? (await licenceInReadme(folder));
  if (text === null) throw new Error(`${name} has no licence text that could go with its code.`);
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

async function licenceFile(folder: string): Promise<string | null> {
  return textOf(folder, /^(licen[cs]e|copying)(\.\w+)?$/i);
}

/** Some packages have theirs as the end of the README, and nowhere else. */
async function licenceInReadme(folder: string): Promise<string | null> {
  const text = (await textOf(folder, /^readme(\.\w+)?$/i)) ?? '';
  return /^#+ *licen[cs]e\b[^\n]*\n([\s\S]*copyright[\s\S]*)/im.exec(text)?.[1] ?? null;
}

async function textOf(folder: string, name: RegExp): Promise<string | null> {
  const found = (await readdir(folder)).find((one) => name.test(one));
  return found === undefined ? null : readFile(join(folder, found), 'utf8');
}

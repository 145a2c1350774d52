/** A headless Chromium for a test file; where there is none its tests are skipped, aloud. */
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterEach } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function executable(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const CHROMIUM = executable();
if (CHROMIUM === null)
  console.warn(
    'SKIPPED: the tests of the web page, since there is no Chromium on the PATH (apt-get install chromium)',
  );

/** It talks to the server under test and to nobody else. */
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
];

export interface Opened {
  readonly page: Page;
  /** What the page's console said that is an error, and what it could not load. */
  readonly troubles: readonly string[];
}

/** To be called at the top of a file; each test gets profiles of its own. */
export function useBrowser(): (options?: BrowserContextOptions) => Promise<Opened> {
  const opened: { readonly context: BrowserContext; readonly folder: string }[] = [];
  afterEach(async () => {
    for (const { context, folder } of opened.splice(0)) {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
  return async (options = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'bellows-chromium-'));
    const context = await chromium.launchPersistentContext(folder, {
      headless: true,
      args: ARGUMENTS,
      ...(CHROMIUM === null ? {} : { executablePath: CHROMIUM }),
      ...options,
    });
    opened.push({ context, folder });
    const page = context.pages()[0] ?? (await context.newPage());
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('requestfailed', (request) =>
      troubles.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`),
    );
    return { page, troubles };
  };
}

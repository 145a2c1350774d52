import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The room imports (`#core/…`) point at the TypeScript sources under this condition, at `dist` without it.
    conditions: ['pgbellows-source'],
    alias: [
      { find: /^pgbellows\/recipes$/, replacement: here('./phases/recipes/index.ts') },
      { find: /^pgbellows$/, replacement: here('./src/index.ts') },
    ],
  },
  ssr: { resolve: { conditions: ['pgbellows-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['./test/support/global.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Real kills and real clocks on a shared machine: CI asks once more before it calls a test failed.
    retry: process.env.CI === undefined ? 0 : 1,
  },
});

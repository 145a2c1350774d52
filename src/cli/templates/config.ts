export const CONFIG_TEMPLATE = `import { defineConfig } from 'pgbellows';

export default defineConfig({
  // The database comes from DATABASE_URL: from the environment, or from a .env file. Keep passwords out of this file.
  // The queue needs nothing: it lives in the same database. With many hosts, set REDIS_URL to run it on Redis.

  environments: {
    // bellows up --env development: goes through to the final schema in one command. Data is still checked;
    // waiting (soak), deploys and approval are waived.
    development: { gate: 'data-only' },
    ci: { gate: 'data-only' },

    // bellows up --env production: stops at the gate, and the old shape goes when every check passes and somebody approved.
    production: { gate: 'full', approval: true },
  },
});
`;

/** The workflow that `init --ci` writes: every step is a command that can be run by hand. */
export const CI_WORKFLOW = `# Applies every migration to an empty database, and holds files, schema and data against each other.
# Findings appear beside the lines of the files, and on the summary page of the run.
name: Database migrations

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  migrations:
    runs-on: ubuntu-latest
    timeout-minutes: 20

    services:
      postgres:
        image: postgres:17
        env:
          POSTGRES_PASSWORD: postgres
        ports:
          - 5432:5432
        options: >-
          --health-cmd pg_isready
          --health-interval 5s
          --health-timeout 5s
          --health-retries 10

    env:
      DATABASE_URL: postgres://postgres:postgres@localhost:5432/migrations_ci?sslmode=disable
      BELLOWS_ENV: ci
      # The schema file of the commit is what is checked: \`up\` must not write it anew.
      DBMATE_NO_DUMP_SCHEMA: 'true'

    steps:
      - uses: actions/checkout@v4

      - uses: actions/setup-node@v4
        with:
          node-version: 22
          cache: npm

      - name: Install
        run: npm ci

      - name: Wait for the server
        run: npx bellows wait --timeout 60s

      - name: Create the database
        run: npx bellows create

      - name: Apply all migrations
        run: npx bellows up

      - name: Validate the files
        run: npx bellows validate

      - name: Check the schema file
        run: npx bellows dump --check

      - name: Check the data
        run: npx bellows check
`;

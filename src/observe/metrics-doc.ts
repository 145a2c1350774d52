import { METRIC_NAMES, type MetricSpec, specOf } from './catalogue.js';

const HEAD = `# Metrics

Served at \`/metrics\` by \`bellows serve\` (port 9484) and \`bellows worker\` (port 9485), in the Prometheus text format. This page is
generated from the catalogue in \`src/observe/catalogue/\`.

- Metrics from *postgres* are read from Bellows' own tables, the catalogue and the statistics, at most every 5 seconds, without opening a
  table of yours. They are the same from every process: query them with \`max by (migration, …)\`. They are absent while PostgreSQL does not answer within 2 seconds; \`bellows_postgres_up\` is then 0.
- Metrics from *process* are counted by each process from what it did itself: query them with \`sum by (…)\`.
- The series of a migration go 24 hours after it is done or rolled back.
- No label holds a row value, a user, a statement or a host. Node's own metrics (\`nodejs_…\`, \`process_…\`) are served beside these.

| metric | type | labels | unit | from | meaning |
|---|---|---|---|---|---|
`;

/** The text of `docs/metrics.md`. */
export function renderMetricsDoc(): string {
  return `${HEAD}${METRIC_NAMES.map((name) => row(name, specOf(name))).join('\n')}\n`;
}

function row(name: string, { type, labels, unit, source, help }: MetricSpec): string {
  const cells = [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    unit === 'none' ? '' : unit,
    source,
    help.replaceAll('|', '\\|'),
  ];
  return `| ${cells.join(' | ')} |`;
}

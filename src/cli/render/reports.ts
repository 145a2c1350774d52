/** The small answers: verification, quarantine, deploys, history. */
import type { DeployRow, QuarantinedRow, VerificationReport } from '#api';
import { inWords } from '#core/duration';
import { count, counted, instant } from '#core/numbers';
import type { HistoryRow } from '#ports';
import { columns, hanging } from './lines.js';
import type { View } from './view.js';

export function verificationLines(report: VerificationReport, view: View): readonly string[] {
  const { paint } = view;
  const clean = report.pending === 0 && report.mismatched === 0;
  const word = clean ? paint.green('verified') : paint.red('NOT EQUAL');
  return [
    `${paint.bold(report.migration)}  ${word}  ${counted(report.rows, 'row')} read, ${inWords(report.seconds)}`,
    `  pending        ${count(report.pending)}`,
    `  mismatched     ${count(report.mismatched)}`,
    ...hanging('  both disagree  ', disagreeing(report), view.width),
    ...(report.repaired === null
      ? []
      : hanging('  repaired       ', repairedText(report.repaired), view.width)),
    ...(report.coverageOnly
      ? hanging(
          '  note: ',
          'the mapping cannot be computed again, so only coverage was verified, not values',
          view.width,
        )
      : []),
  ];
}

function repairedText({ recomputed, returned, left }: NonNullable<VerificationReport['repaired']>): string {
  const parts = [
    `${counted(recomputed, 'row')} got the old side from the new`,
    `${count(returned)} filled again by the next sweep`,
    `${count(left)} left as they are`,
  ];
  return parts.join(', ');
}

function disagreeing({ bothDisagree }: VerificationReport): string {
  const why = bothDisagree === 0 ? '' : ' (the application gave both sides; left to it)';
  return `${count(bothDisagree)}${why}`;
}

/** Keys, never values. */
export function quarantineLines(rows: readonly QuarantinedRow[], view: View): readonly string[] {
  if (rows.length === 0) return ['No rows are in quarantine.'];
  const first = rows[0]?.migration ?? '<id>';
  return [
    ...rows.flatMap((row) => [
      `${view.paint.bold(`#${row.id}`)}  ${row.state}  ${row.table}  key ${row.key}`,
      ...hanging(
        '  ',
        `${row.reason} [${row.sqlstate}], found ${instant(row.foundAt)}, ${row.migration}`,
        view.width,
        view.paint.dim,
      ),
    ]),
    '',
    ...hanging(
      'next: ',
      `correct the rows or the mapping, then bellows quarantine retry ${first}`,
      view.width,
    ),
  ];
}

export function deployLines(rows: readonly DeployRow[], { paint }: View): readonly string[] {
  if (rows.length === 0)
    return ['No deploys are recorded. `bellows deploys record <app> <version>`, from your pipeline.'];
  const [head = '', ...body] = columns([
    ['APP', 'VERSION', 'AT', 'BY'],
    ...rows.map(({ application, version, at, by }) => [application, version, instant(at), by]),
  ]);
  return [paint.dim(head), ...body];
}

export function historyLines(rows: readonly HistoryRow[], view: View): readonly string[] {
  if (rows.length === 0) return ['Nothing has happened yet.'];
  return rows.flatMap(({ at, actor, migration, action, detail }) => [
    [instant(at), view.paint.bold(action), ...(migration === null ? [] : [migration])].join('  '),
    ...hanging('    ', [`by ${actor}`, ...facts(detail)].join('  '), view.width, view.paint.dim),
  ]);
}

function facts(detail: HistoryRow['detail']): readonly string[] {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
}

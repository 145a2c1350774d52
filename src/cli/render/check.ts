import type { CheckReport } from '#api';
import type { DataCheckId, DataCheckResult, DataFinding, DataScan, DataUnknown } from '#core/data-checks';
import { bytes, count, counted } from '#core/numbers';
import { annotation } from './annotations.js';
import { hanging } from './lines.js';
import type { View } from './view.js';

const INDENT = ' '.repeat(10);

/** Every check with what it did, then each finding with what it means and how to mend it. */
export function checkLines(report: CheckReport, view: View): readonly string[] {
  const tally = `${counted(report.checks.length, 'check')}: ${counted(report.findings, 'finding')}, ${count(report.unknown)} unknown`;
  const { paint } = view;
  return [
    ...report.checks.flatMap((check) => oneCheck(check, view)),
    '',
    report.ok ? paint.green(tally) : paint.red(tally),
  ];
}

function oneCheck(check: DataCheckResult, view: View): readonly string[] {
  const { paint, width } = view;
  const word = { ok: paint.green, findings: paint.red, unknown: paint.yellow }[check.verdict];
  const name = check.verdict === 'ok' ? 'ok' : check.verdict.toUpperCase();
  return [
    `${word(name.padEnd(8))}  ${paint.bold(check.check)}`,
    ...check.did.flatMap((did) => hanging(INDENT, did, width, paint.dim)),
    ...check.findings.flatMap((one) => findingLines(one, paint.red('!'), view)),
    ...check.unknown.flatMap((one) => unknownLines(one, view)),
    ...check.notices.flatMap((one) => findingLines(one, '-', view)),
  ];
}

function findingLines(one: DataFinding, mark: string, { paint, width }: View): readonly string[] {
  const subject = subjectOf(one);
  return [
    `${INDENT}${mark} ${paint.bold(subject)}`,
    ...hanging(`${INDENT}  `, one.means, width),
    ...one.mend.map((line) => `${INDENT}  ${paint.dim(line)}`),
  ];
}

function unknownLines({ table, why, next }: DataUnknown, { paint, width }: View): readonly string[] {
  return [
    ...hanging(`${INDENT}? `, table === null ? why : `${table}: ${why}`, width, paint.yellow),
    ...hanging(`${INDENT}  `, next, width, paint.dim),
  ];
}

function subjectOf({ table, object }: DataFinding): string {
  return [table, object].filter((part) => part !== null).join('  ');
}

/** `orphans: scanning orders, 1.2 GB, about 12,000,000 rows` */
export function scanLine(check: DataCheckId, { table, bytes: size, rows }: DataScan): string {
  const about = rows === null ? 'never analysed' : `about ${counted(rows, 'row')}`;
  return `${check}: scanning ${table}, ${bytes(size)}, ${about}`;
}

/** For GitHub Actions: a finding is an error, what could not be looked at a warning. */
export function checkAnnotations({ checks }: CheckReport): readonly string[] {
  return checks.flatMap(({ check, findings, unknown }) => [
    ...findings.map((one) => annotation('error', placed(check, one), `${subjectOf(one)}: ${one.means}`)),
    ...unknown.map((one) =>
      annotation('warning', placed(check, one), one.table === null ? one.why : `${one.table}: ${one.why}`),
    ),
  ]);
}

function placed(check: DataCheckId, { place }: Pick<DataFinding, 'place'>) {
  return { ...place, title: `bellows check ${check}` };
}

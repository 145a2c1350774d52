import type { GateReport } from '#api';
import { type CheckResult, holds } from '#core/gate';
import { wholeSeconds } from '#core/numbers';
import { hanging } from './lines.js';
import type { Paint } from './paint.js';
import type { View } from './view.js';

/** Every check with what it saw, and for what holds the gate shut, what would release it. */
export function gateLines({ migration, open, checks }: GateReport, view: View): readonly string[] {
  const { paint } = view;
  const shut = checks.filter(holds).length;
  const word = open ? paint.green('open') : paint.red('SHUT');
  const tally = `${checks.length - shut} of ${checks.length} checks let it pass`;
  return [
    `${paint.bold(migration)}  gate ${word}  ${tally}`,
    ...checks.flatMap((check) => checkLines(check, view)),
  ];
}

function checkLines(check: CheckResult, { paint, width }: View): readonly string[] {
  const start = `  ${wordOf(check).padEnd(8)} ${check.check.padEnd(13)} `;
  const [first = '', ...more] = hanging(start, wholeSeconds(check.evidence), width);
  const painted = paintVerdict(paint, check)(first.slice(0, start.length)) + first.slice(start.length);
  const indent = ' '.repeat(start.length);
  return [
    painted,
    ...more,
    ...(check.skipped === null ? [] : hanging(indent, `skipped: ${check.skipped}`, width)),
    ...(holds(check) && check.release !== null
      ? hanging(indent, `release: ${wholeSeconds(check.release)}`, width)
      : []),
  ];
}

function wordOf({ verdict, skipped }: CheckResult): string {
  if (skipped !== null) return 'skipped';
  return verdict === 'fail' || verdict === 'unknown' ? verdict.toUpperCase() : verdict;
}

function paintVerdict(paint: Paint, check: CheckResult): (text: string) => string {
  if (holds(check)) return paint.red;
  if (check.skipped !== null) return paint.yellow;
  return check.verdict === 'pass' ? paint.green : paint.dim;
}

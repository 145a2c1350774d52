/**
 * `plan`: everything that would be done, in the order in which it would be. SQL is never wrapped, so it can be copied;
 * a long statement is cut unless it is asked for whole.
 */
import type { PlanView } from '#api';
import { inWords } from '#core/duration';
import { displayTable } from '#core/identifier';
import { LOCKS } from '#core/locks';
import { count } from '#core/numbers';
import type { Action, BackfillPlan, GatePlan, Notice, Step } from '#core/plan';
import { hanging, indented, wrap } from './lines.js';
import { paintState } from './paint.js';
import type { View } from './view.js';

/** Lines of a statement that is still shown as it is. */
const LONGEST = 12;
/** Lines that are shown of a longer one. */
const BEGINNING = 3;

/** Cuts what is too long to read in passing; knows how to see the rest. */
type Excerpt = (lines: readonly string[]) => readonly string[];

interface PlanPage extends View {
  readonly excerpt: Excerpt;
}

export function planLines(
  views: readonly PlanView[],
  view: View,
  statements: 'whole' | 'cut' = 'cut',
): readonly string[] {
  if (views.length === 0) return ['Nothing to plan: no migration of the folder is left to do.'];
  return views.flatMap((one, i) => [
    ...(i === 0 ? [] : ['']),
    ...onePlan(one, { ...view, excerpt: statements === 'whole' ? (lines) => lines : cutFor(one.id, view) }),
  ]);
}

function cutFor(id: string, { paint }: View): Excerpt {
  return (lines) => {
    if (lines.length <= LONGEST) return lines;
    const indent = /^ */.exec(lines[0] ?? '')?.[0] ?? '';
    const rest = `… ${lines.length - BEGINNING} more lines: bellows plan ${id} --sql`;
    return [...lines.slice(0, BEGINNING), indent + paint.dim(rest)];
  };
}

function onePlan(
  { id, description, checksum, state, plan, batches, notApplicable }: PlanView,
  view: PlanPage,
): readonly string[] {
  const { paint, width } = view;
  const { expand, settle, contract } = plan.steps;
  return [
    `${paint.bold(id)}  ${paintState(paint, state)}  checksum ${checksum.slice(0, 12)}`,
    ...hanging('  ', description, width, paint.dim),
    ...plan.notices.flatMap((notice) => noticeLines(notice, view)),
    ...notApplicable.flatMap((signal) => noticeLines(signalNotice(signal), view)),
    ...section('expand', 'adds the new shape; the application goes on', expand, view),
    ...plan.backfills.flatMap((backfill, i) => backfillLines(backfill, batches[i], view)),
    ...section('settle', 'indexes, constraints, verification; the application goes on', settle, view),
    ...gateLines(plan.gate, contract.length > 0, view),
    ...section('contract', 'after the gate; takes the old shape away', contract, view),
  ];
}

function noticeLines({ level, text }: Notice, { paint, width }: View): readonly string[] {
  return level === 'warning' ? hanging('  ! ', text, width, paint.yellow) : hanging('  - ', text, width);
}

function signalNotice({ signal, text, release, holds }: PlanView['notApplicable'][number]): Notice {
  const what = holds
    ? `Signal ${signal} is declared, and not applicable: ${text}. The backfill is held until ${release}.`
    : `Signal ${signal} is not applicable: ${text}. It holds nothing until ${release}.`;
  return { code: 'not_applicable', level: 'warning', text: what };
}

function heading(name: string, rest: string, { paint, width }: View): readonly string[] {
  const [first = '', ...more] = hanging(`${name}  `, rest, width);
  return ['', paint.bold(name) + first.slice(name.length), ...more];
}

function section(name: string, meaning: string, steps: readonly Step[], view: PlanPage): readonly string[] {
  if (steps.length === 0) return [];
  return [...heading(name, meaning, view), ...steps.flatMap((step, i) => stepLines(step, i + 1, view))];
}

function stepLines(step: Step, position: number, view: PlanPage): readonly string[] {
  const { paint, width } = view;
  const actions = step.kind === 'transaction' ? step.actions : [step.action];
  const start = `  ${String(position).padStart(2)}  `;
  const destructive = step.kind === 'transaction' && step.destructive;
  return [
    ...hanging(start, step.title, width, paint.cyan),
    ...hanging('      ', howOf(step), width, paint.dim),
    ...(destructive ? ['      DESTRUCTIVE: there is no way back but a new migration.'] : []),
    ...actions.flatMap((action) => [
      ...(step.kind === 'transaction' ? comment(`${action.title}: ${lockText(action)}`, view) : []),
      ...actionLines(action, view),
    ]),
    ...(step.kind === 'transaction' ? step.guards.map(({ title }) => `      guard: ${title}`) : []),
  ];
}

function howOf(step: Step): string {
  if (step.kind !== 'transaction') return lockText(step.action);
  const tables = step.tables.map(displayTable).join(', ');
  const locked = tables === '' ? 'locks no table' : `one LOCK TABLE for ${tables}`;
  return `one short transaction, ${locked}, retried under a time limit`;
}

function actionLines(action: Action, { paint, excerpt }: PlanPage): readonly string[] {
  const undo = action.undo === null ? [] : excerpt(indented(`undo: ${action.undo}`, 8));
  return [...excerpt(indented(ended(action.sql), 6)), ...undo.map(paint.dim)];
}

/** Still SQL when it is copied with the statement. */
function comment(text: string, { paint, width }: View): readonly string[] {
  return wrap(text, width - 9).map((line) => paint.dim(`      -- ${line}`));
}

/** `ACCESS EXCLUSIVE, blocks reads and writes; no rewrite, no scan` */
function lockText({ form }: Action): string {
  const { lock, blocks, rewrites, scans } = LOCKS[form];
  const takes = lock === 'none' ? 'no table lock' : `${lock}, blocks ${blocks}`;
  if (form === 'statement') return `${takes}; may rewrite or scan`;
  return `${takes}; ${rewrites ? 'REWRITES THE TABLE' : 'no rewrite'}, ${scans ? 'scans' : 'no scan'}`;
}

function ended(sql: string): string {
  return /;\s*$/.test(sql) ? sql.trimEnd() : `${sql.trimEnd()};`;
}

function backfillLines(
  backfill: BackfillPlan,
  batch: PlanView['batches'][number] | undefined,
  view: PlanPage,
): readonly string[] {
  const rows =
    backfill.expectedRows === null
      ? 'rows not estimated: never analysed'
      : `~${count(backfill.expectedRows)} rows`;
  const where = backfill.partitioned ? ', leaf by leaf' : '';
  const triggers = backfill.triggers === 'none' ? '' : `; the table's own triggers: ${backfill.triggers}`;
  return [
    ...heading('backfill', `${whatOf(backfill)}, ${rows}${where}, in short batches${triggers}`, view),
    ...(batch === undefined
      ? []
      : [
          ...comment('one batch', view),
          ...view.excerpt(indented(ended(batch.sql), 6)),
          ...comment(`its rows: ${batch.access}`, view),
          ...view.excerpt(batch.explain.map((line) => `      ${line}`)),
        ]),
  ];
}

function whatOf(backfill: BackfillPlan): string {
  const table = displayTable(backfill.table);
  if (backfill.kind === 'purge') return `deletes rows of ${table}`;
  return backfill.kind === 'copy' ? `copies rows of ${table} to ${displayTable(backfill.target)}` : table;
}

function gateLines(gate: GatePlan, contracts: boolean, view: View): readonly string[] {
  const { soakSeconds, deployed, queries } = gate;
  const asked = [
    ...(soakSeconds > 0 ? [`soak ${inWords(soakSeconds)}`] : []),
    ...Object.entries(deployed).map(([application, version]) => `deployed ${application} ${version}`),
    ...Object.keys(queries).map((name) => `query ${name} returns no rows`),
  ];
  const always = contracts
    ? 'rows, values, indexes, constraints, approval as the environment says'
    : 'rows, values, indexes, constraints';
  return heading('gate', [...asked, always].join('; '), view);
}

/** The page of each action: what it does, and what it needs to be told. Works as a plain form. */

import type { BellowsError } from '#core/errors';
import { CHECKS } from '#core/gate';
import type { ActionName } from '../control/actions.js';
import type { Fields } from '../control/body.js';
import { type Html, html, nothing, type Part } from './html.js';

type PaceField = 'rate' | 'concurrency' | 'batch-target';
type FieldName = 'reason' | 'reason, if any' | 'confirm' | 'check' | 'row' | 'repair' | PaceField;
interface Form {
  readonly title: string;
  readonly button: string;
  readonly danger?: true;
  readonly what: string;
  readonly fields: readonly FieldName[];
  /** What was done, as the run's page says it then. */
  readonly done: string;
}

export const FORMS: Readonly<Record<ActionName, Form>> = {
  pause: {
    ...{ title: 'Pause', button: 'Pause', fields: ['reason'], done: 'It is paused.' },
    what: 'Holds the run from its next batch on. Nothing is lost: rows that the application changes are kept equal meanwhile.',
  },
  resume: {
    ...{ title: 'Resume', button: 'Resume', fields: [], done: 'It goes on.' },
    what: 'A paused run goes on where it stood; a failed one is tried again.',
  },
  set: {
    ...{
      title: 'Set the pace',
      button: 'Set',
      fields: ['rate', 'concurrency', 'batch-target', 'reason, if any'],
      done: 'The pace is set, from the next batch on.',
    },
    what: 'For this run, from its next batch on, also after restarts. What is left empty stays as it is.',
  },
  approve: {
    ...{
      title: 'Approve the contract',
      button: 'Approve',
      fields: ['reason', 'confirm'],
      done: 'It is approved.',
    },
    what: 'Bound to the file and the verification as they are now. Once every check passes, whoever leads takes the old shape away; after that there is no way back but a new migration.',
  },
  contract: {
    ...{
      title: 'Contract now',
      button: 'Contract',
      danger: true,
      fields: ['confirm'],
      done: 'It is contracted, or on its way.',
    },
    what: 'Takes the old shape away, where every check passes. There is no way back but a new migration.',
  },
  rollback: {
    ...{
      title: 'Roll back',
      button: 'Roll back',
      danger: true,
      fields: ['confirm'],
      done: 'It is rolled back, or on its way.',
    },
    what: 'Drops the new columns, with what was written only there. The old shape stays true, and the migration can be run again later.',
  },
  verify: {
    ...{
      title: 'Verify',
      button: 'Verify',
      fields: ['repair'],
      done: 'It was verified, or is being verified; the gate shows what was found.',
    },
    what: 'Reads every row and compares the two shapes by value.',
  },
  gate: {
    ...{ title: 'Evaluate the gate', button: 'Evaluate', fields: [], done: 'Every check was evaluated.' },
    what: 'Looks at every check now, and keeps what each saw.',
  },
  'gate/skip': {
    ...{
      title: 'Skip a check',
      button: 'Skip it',
      danger: true,
      fields: ['check', 'reason'],
      done: 'The check is skipped.',
    },
    what: 'The check holds the gate no longer; who skipped it and why is kept.',
  },
  'quarantine/retry': {
    ...{ title: 'Retry rows', button: 'Retry', fields: ['row'], done: 'The rows are pending again.' },
    what: 'Returns rows to pending: the walk takes them again.',
  },
  'quarantine/skip': {
    ...{
      title: 'Leave rows as they are',
      button: 'Leave them',
      danger: true,
      fields: ['row', 'reason'],
      done: 'The rows are left as they are.',
    },
    what: 'They hold the gate no longer, and keep what they have; who decided it and why is kept.',
  },
};

export function formBody(
  action: ActionName,
  id: string,
  given: Fields = {},
  error: BellowsError | null = null,
  beside: Part = null,
): Part {
  const { title, what, fields, button, danger } = FORMS[action];
  return [
    html`<h1>${title}</h1><p class="mono"><a href="/migrations/${id}">${id}</a></p>`,
    error === null ? nothing : errorCard(error),
    html`<form class="card" method="post" action="/migrations/${id}/${action}"><p>${what}</p>
${fields.map((name) => FIELDS[name](given, id))}
${text('by', 'Your name', 'kept in the history; nobody checks it', given, false)}
<ul class="actions"><li><button class="${danger === true ? 'danger' : 'main'}" type="submit">${button}</button></li>
<li><a class="button" href="/migrations/${id}">Back</a></li></ul></form>`,
    beside,
  ];
}

export function errorCard({ code, text: { what, why, left, next } }: BellowsError): Html {
  const line = (name: string, words: string | undefined) =>
    words === undefined ? nothing : html`<p><b>${name}:</b> ${words}</p>`;
  return html`<div class="card banner bad" role="alert"><p><b>${what}</b> <span class="dim">[${code}]</span></p>
${line('why', why)}${line('left', left)}${line('next', next)}</div>`;
}

const FIELDS: Readonly<Record<FieldName, (given: Fields, id: string) => Html>> = {
  reason: (given) => text('reason', 'Reason', 'kept in the history', given, true),
  'reason, if any': (given) => text('reason', 'Reason', 'kept in the history', given, false),
  confirm: (given, id) => text('confirm', 'Type the name of the migration', id, given, true),
  row: (given) => text('row', 'Number of the row', 'empty: all that are open', given, false),
  rate: (given) => text('rate', 'Rate', 'rows a second, over all workers; none: no limit', given, false),
  concurrency: (given) =>
    text('concurrency', 'Concurrency', 'batches at a time; auto: as many as the server bears', given, false),
  'batch-target': (given) =>
    text('batch-target', 'Batch target', 'milliseconds that a batch is sized for', given, false),
  repair: () =>
    html`<div class="field"><label><input type="checkbox" name="repair" value="on"> put right what differs, where that needs no guessing</label></div>`,
  check: (
    given,
  ) => html`<div class="field"><label for="check">Check</label><select id="check" name="check" required>
${CHECKS.map((check) => html`<option ${check === given.check ? html`selected` : nothing}>${check}</option>`)}</select></div>`,
};

function text(name: string, label: string, hint: string, given: Fields, required: boolean): Html {
  const value = given[name];
  return html`<div class="field"><label for="${name}">${label}</label>
<input type="text" id="${name}" name="${name}" value="${typeof value === 'string' ? value : ''}" autocomplete="off"
aria-describedby="${name}-hint" ${required ? html`required` : nothing}><div class="dim" id="${name}-hint">${hint}</div></div>`;
}

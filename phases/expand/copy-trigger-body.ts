import { quote, quoteTable } from '#core/identifier';
import type { CopyPlan } from '#core/plan';
import { copyDiffers, insertCopies, isCopied, replaceCopy, sameSource, waitingNames } from './copied-row.js';
import { ifThen, imageDiffers, indent, type Lines } from './sync-trigger-text.js';

/**
 * The plpgsql body of the function that carries a write of the source over to the target.
 *
 * It looks the row up by its key instead of taking NEW: where another AFTER trigger updates the row again, the inner
 * statement's event is carried over first, and this one's NEW is older. The transaction that runs this has written the row of
 * that key, so no other can change it before it ends, and its own writes are visible to it at every isolation level.
 *
 * An error undoes the inner block and is noted as a key that waits. So is a DELETE above READ COMMITTED that found nothing:
 * the row of the target may have been copied after the transaction's snapshot was taken. (There an upsert that meets such
 * a row raises 40001 instead, and is noted as an error.)
 */
export function copyTriggerBody(plan: CopyPlan): string {
  const waiting = quoteTable(plan.waiting);
  return [
    '#variable_conflict use_column',
    'declare',
    ...indent(['lost boolean := false;', 'moved boolean := false;', 'changed boolean := true;']),
    'begin',
    ...indent([
      "if tg_op = 'TRUNCATE' then",
      ...indent(noted([`insert into ${waiting} default values;`])),
      '  return null;',
      'end if;',
      ...ifThen("tg_op = 'UPDATE'", [
        `moved := ${imageDiffers(
          'new',
          'old',
          plan.key.map((k) => k.source),
        )};`,
        `changed := ${imageDiffers('new', 'old', plan.read)};`,
      ]),
      'begin',
      ...indent([...takenAway(plan), ...carriedOver(plan)]),
      'exception when others or assert_failure then',
      '  lost := true;',
      'end;',
      ...ifThen('lost', noted(noteLines(plan))),
      'return null;',
    ]),
    'end',
  ].join('\n');
}

/** The key that the row had. Without a condition an update that keeps it takes nothing away. */
function takenAway(plan: CopyPlan): Lines {
  const gone = plan.where === null ? "tg_op = 'DELETE' or moved" : "tg_op <> 'INSERT'";
  const still = `select from ${quoteTable(plan.table)} as t where ${sameSource(plan, 't', 'old')} and ${isCopied(plan, 't')}`;
  const lines = ifThen(`not exists (${still})`, [
    `delete from ${quoteTable(plan.target)} as x where ${plan.key.map((k) => `x.${quote(k.target)} = old.${quote(k.source.name)}`).join(' and ')};`,
    "lost := not found and pg_catalog.current_setting('transaction_isolation') <> 'read committed';",
  ]);
  return ifThen(gone, plan.where === null ? lines : ifThen(isCopied(plan, 'old'), lines));
}

/** A row that only moved to another block is given its copy, if it has none, and nothing else is written. */
function carriedOver(plan: CopyPlan): Lines {
  const insert = insertCopies(
    plan,
    `from ${quoteTable(plan.table)} as t where ${sameSource(plan, 't', 'new')} and ${isCopied(plan, 't')}`,
  );
  return ifThen("tg_op <> 'DELETE'", [
    'if changed then',
    `  ${insert} ${replaceCopy(plan)} where ${copyDiffers(plan, 'x')};`,
    'else',
    `  ${insert} do nothing;`,
    'end if;',
  ]);
}

function noteLines(plan: CopyPlan): Lines {
  const note = (row: string) =>
    `insert into ${quoteTable(plan.waiting)} (${waitingNames(plan).join(', ')}) values (${plan.key.map((k) => `${row}.${quote(k.source.name)}`).join(', ')});`;
  return [
    ...ifThen("tg_op = 'DELETE' or moved", [note('old')]),
    ...ifThen("tg_op <> 'DELETE'", [note('new')]),
  ];
}

/** Where not even that can be written, the table is gone, which the fingerprint sees; the application's write goes on. */
function noted(lines: Lines): Lines {
  return ['begin', ...indent(lines), 'exception when others then', '  null;', 'end;'];
}

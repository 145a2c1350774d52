import type { DryRun, PlainDryRun } from '#api';
import { hanging, indented } from './lines.js';
import { planLines } from './plan.js';
import type { View } from './view.js';

/** What `up` would do, in its order. SQL stands as it is in the file, so it can be copied. */
export function dryRunLines({ migrations }: DryRun, view: View): readonly string[] {
  if (migrations.length === 0) return ['Nothing would be done: no migration is pending.'];
  return migrations.flatMap((one, i) => [
    ...(i === 0 ? [] : ['']),
    ...(one.kind === 'sql' ? plainLines(one, view) : planLines([one], view)),
  ]);
}

function plainLines({ id, file, waitsFor, units }: PlainDryRun, view: View): readonly string[] {
  const { paint, width } = view;
  const head = `${paint.bold(id)}  ${waitsFor === null ? 'would be run' : 'would wait'}  ${file}`;
  const wait = waitsFor === null ? [] : hanging('  ', waitsFor, width, paint.yellow);
  return [
    head,
    ...wait,
    ...units.flatMap(({ transaction, statements }, i) => [
      paint.dim(
        `  -- ${i + 1} of ${units.length}: ${transaction ? 'one transaction' : 'outside of a transaction'}`,
      ),
      ...statements.flatMap(({ line, sql }) => [paint.dim(`  -- line ${line}`), ...indented(`${sql};`, 2)]),
    ]),
  ];
}

import type { KnobsView } from '#api';
import { columns } from './lines.js';
import type { View } from './view.js';

type Value = KnobsView['knobs'][number]['value'];

/** One line for each knob: name, value, its default where it differs, meaning. */
export function knobLines({ knobs }: KnobsView, { paint }: View): readonly string[] {
  const rows = knobs.map((knob) => [
    knob.name,
    said(knob.value),
    knob.value === knob.default ? '' : `default ${said(knob.default)}`,
    knob.meaning,
  ]);
  return columns(rows).map((line, i) => (knobs[i]?.value === knobs[i]?.default ? line : paint.bold(line)));
}

/** As `set` takes it. */
function said(value: Value): string {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

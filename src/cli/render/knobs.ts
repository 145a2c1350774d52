import type { KnobsView } from '#api';
import { knobText } from '#core/knob-text';
import { columns } from './lines.js';
import type { View } from './view.js';

/** One line for each knob: name, value, its default where it differs, meaning. */
export function knobLines({ knobs }: KnobsView, { paint }: View): readonly string[] {
  const rows = knobs.map((knob) => [
    knob.name,
    knobText(knob.value),
    knob.value === knob.default ? '' : `default ${knobText(knob.default)}`,
    knob.meaning,
  ]);
  return columns(rows).map((line, i) => (knobs[i]?.value === knobs[i]?.default ? line : paint.bold(line)));
}

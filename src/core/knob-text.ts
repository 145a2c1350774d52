/** A knob's value as `bellows set` takes it: `none` for no limit, `on` and `off` for a switch. */
export function knobText(value: number | string | boolean | null): string {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

import type { Sample } from './slices.js';

export function sampleLine({ round, shape, rows, milliseconds, cpuMs }: Sample): string {
  const perSecond = Math.round((rows * 1_000) / milliseconds);
  const cpu = ((cpuMs * 1_000) / rows).toFixed(1);
  return `${round + 1} ${shape.padEnd(22)} ${rows} rows  ${perSecond} rows/s  ${cpu} µs/row`;
}

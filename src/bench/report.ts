import type { ShapeName } from './shapes.js';
import type { Ratio, ShapeFigures } from './slices.js';
import type { StatusCost } from './status-cost.js';
import type { WholeRun } from './whole-run.js';

export interface Report {
  readonly rows: number;
  readonly rounds: number;
  readonly server: string;
  readonly shapes: readonly ShapeFigures[];
  readonly overSingle: Ratio;
  readonly overPgroll: Ratio;
  readonly status: StatusCost;
  readonly whole: WholeRun;
}

const NAMES: { readonly [S in ShapeName]: string } = {
  single: 'one UPDATE, no trigger',
  pgroll: "a loop in pgroll's shape",
  bellows: 'Bellows, one worker',
};

export function written(report: Report): string {
  const { rows, rounds, server, whole, status } = report;
  const { worker } = whole;
  return `${server}, ${number(rows)} rows, ${rounds} slices for each shape

                             rows/s   (slowest - fastest slice)   backend CPU µs/row
${report.shapes.map(shapeLine).join('\n')}

Bellows over one UPDATE:     ${ratio(report.overSingle)}
Bellows over pgroll's shape: ${ratio(report.overPgroll)}

The whole table through \`up\` (${whole.queue}; default settings, one worker process):
  walk          ${number(whole.rowsPerSecond)} rows/s (${whole.walkSeconds.toFixed(1)} s, ${whole.ranges} ranges, ${whole.batches} batches, median ${whole.medianBatchMs.toFixed(0)} ms)
  backend CPU   ${whole.cpuMicrosPerRow.toFixed(1)} µs/row, with leader, queue, sweep and verification
  up            ${whole.upSeconds.toFixed(1)} s from expand to the gate
  worker        ${worker.largestMb.toFixed(0)} MB of memory at most, ${worker.lastMb.toFixed(0)} MB at the end

status: ${status.medianMs.toFixed(1)} ms (slowest of 50: ${status.slowestMs.toFixed(1)} ms), ${status.scans} scans of the table
`;
}

function shapeLine({ shape, rowsPerSecond, slowest, fastest, cpuMicrosPerRow }: ShapeFigures): string {
  const spread = `(${number(slowest)} - ${number(fastest)})`;
  return `${NAMES[shape].padEnd(26)}${number(rowsPerSecond).padStart(9)}   ${spread.padEnd(28)}${cpuMicrosPerRow.toFixed(1).padStart(8)}`;
}

function ratio({ speed, lowest, highest, cpu }: Ratio): string {
  return `${speed.toFixed(2)} by time (${lowest.toFixed(2)} - ${highest.toFixed(2)}), ${cpu.toFixed(2)} by CPU`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

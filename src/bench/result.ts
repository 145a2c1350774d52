/** What a scenario found out: figures with their unit, their spread, and what is asked of them. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** Of the single measurements that `value` is the median of. */
  readonly lowest?: number;
  readonly highest?: number;
  readonly target?: Target;
}
export type Unit = 'rows/s' | 'µs/row' | 'WAL bytes/row' | 'ms' | 's' | 'MB' | 'x' | '';
export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Result {
  readonly scenario: string;
  readonly figures: readonly Figure[];
}

export interface Report {
  readonly rows: number;
  readonly rounds: number;
  readonly server: string;
  readonly results: readonly Result[];
}

/** Null where nothing is asked. */
export function isMet({ value, target }: Figure): boolean | null {
  if (target === undefined) return null;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

export function written({ scenario, figures }: Result): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return `\n${scenario}\n${figures.map((figure) => `  ${line(figure, width)}`).join('\n')}\n`;
}

function line(figure: Figure, width: number): string {
  const { name, value, unit, lowest, highest } = figure;
  const spread =
    lowest === undefined || highest === undefined ? '' : `(${number(lowest)} - ${number(highest)})`;
  const said = `${number(value).padStart(11)} ${unit.padEnd(13)} ${spread.padEnd(21)} ${verdict(figure)}`;
  return `${name.padEnd(width)} ${said}`.trimEnd();
}

function verdict(figure: Figure): string {
  const { target } = figure;
  if (target === undefined) return '';
  const asked =
    'atLeast' in target ? `at least ${number(target.atLeast)}` : `at most ${number(target.atMost)}`;
  return `${asked}: ${isMet(figure) === true ? 'met' : 'missed'}`;
}

function number(value: number): string {
  const digits = Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

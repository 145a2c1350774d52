/** A strict reader of the Prometheus text format: what it does not understand is an error. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
  /** The values of the series with at least these labels. */
  all(name: string, labels?: Readonly<Record<string, string>>): readonly number[];
  /** Of exactly one series; undefined where there is none. */
  one(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# TYPE ')) types.set(line.split(' ')[2]!, line.split(' ')[3]!);
    if (line === '' || line.startsWith('# ')) continue;
    const match = LINE.exec(line);
    if (match === null) throw new Error(`not the text format: ${line}`);
    samples.push({ name: match[1]!, labels: labelsOf(match[2] ?? ''), value: numberOf(match[3]!) });
  }
  const all: Exposition['all'] = (name, labels = {}) =>
    samples
      .filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))
      .map((s) => s.value);
  const one: Exposition['one'] = (name, labels) => {
    const found = all(name, labels);
    if (found.length > 1) throw new Error(`${found.length} series ${name} ${JSON.stringify(labels)}`);
    return found[0];
  };
  return { types, samples, all, one };
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`not labels: ${text}`);
    labels[match[1]!] = match[2]!;
  }
  return labels;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text !== 'NaN' && text !== 'Nan') throw new Error(`not a number: ${text}`);
  return value;
}

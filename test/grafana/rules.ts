/** The rule files as Prometheus reads them. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ROOT } from '../../grafana/build.js';
import { type Selector, selectorsOf } from './dashboards.js';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

function rulesOf<R>(file: string): readonly R[] {
  const { groups } = parse(readFileSync(`${RULES}/${file}`, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly R[] }[];
  };
  return groups.flatMap((group) => group.rules);
}

export const RULES = `${ROOT}grafana/prometheus/rules`;
export const alerts = rulesOf<Alert>('alerts.yml');
export const recordings = rulesOf<Recording>('recording.yml');

const SERIES = /(?:[a-z]+:)?bellows_\w+(?::\w+)?(\{[^}]*\})?/g;

/** The selectors of a rule as they stand there, `name` or `name{…}`. */
export function selectorTexts({ expr }: { readonly expr: string }): readonly string[] {
  return [...expr.matchAll(SERIES)].map(([text]) => text);
}

export function inRules(rule: { readonly expr: string }): readonly Selector[] {
  return selectorTexts(rule).map((text) => {
    const series = text.replace(/\{.*/, '');
    return { series, matched: selectorsOf(text).flatMap((selector) => selector.matched) };
  });
}

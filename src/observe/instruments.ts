import type { CounterName, GaugeName, HistogramName, LabelsOf } from './catalogue.js';

/** What the mappings from events and state write to; names and labels are checked against the catalogue by the compiler. */
export interface Instruments {
  /** Default: 1; 0 makes the series exist, so that `rate()` sees its first increase. */
  inc<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  set<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number): void;
  /** A histogram's series at 0. */
  zero<N extends HistogramName>(name: N, labels: LabelsOf<N>): void;
  /** Takes every series away, also the one of a metric without labels. */
  clear(name: CounterName | GaugeName): void;
}

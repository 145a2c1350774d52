/** Panels in the house's manner: each says what good looks like, has a unit, and uses colour for state only. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  PanelBuilder as Heatmap,
  HeatmapTooltipBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Timeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Graph } from '@grafana/grafana-foundation-sdk/timeseries';
import { DATASOURCE, type Query } from './query.js';

export interface PanelText {
  readonly title: string;
  /** What it shows, what good looks like, and what to do otherwise. */
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: string;
  /** Of 24. */
  readonly width: number;
  readonly queries: readonly Query[];
}

export interface StatText extends PanelText {
  readonly noValue: string;
  readonly steps?: readonly Threshold[];
  readonly mappings?: readonly ValueMapping[];
  /** Shows the name of the series instead of its value. */
  readonly names?: boolean;
}

const GREY: readonly Threshold[] = [{ value: null, color: 'text' }];

export function stat({ title, description, unit, width, queries, ...look }: StatText): Stat {
  return new Stat()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(4)
    .targets([...queries])
    .noValue(look.noValue)
    .thresholds(steps(look.steps ?? GREY))
    .mappings([...(look.mappings ?? [])])
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(look.names === true ? BigValueTextMode.Name : BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

export interface GraphText extends PanelText {
  readonly stacked?: boolean;
  readonly max?: number;
  /** Names of series that are limits: drawn dashed and grey. */
  readonly limits?: string;
}

export function graph({ title, description, unit, width, queries, ...look }: GraphText): Graph {
  const panel = new Graph()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .span(width)
    .height(8)
    .targets([...queries])
    .lineWidth(1)
    .fillOpacity(look.stacked === true ? 40 : 8)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (look.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (look.max !== undefined) panel.max(look.max);
  return look.limits === undefined ? panel : panel.overrideByRegexp(look.limits, LIMIT);
}

const LIMIT: DynamicConfigValue[] = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
  { id: 'custom.fillOpacity', value: 0 },
  { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
];

export interface TimelineText extends PanelText {
  readonly mappings: readonly ValueMapping[];
}

export function timeline({ title, description, unit, width, queries, mappings }: TimelineText): Timeline {
  return new Timeline()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(8)
    .targets([...queries])
    .thresholds(steps(GREY))
    .mappings([...mappings])
    .mergeValues(true)
    .rowHeight(0.9)
    .legend(legend());
}

export function heatmap({ title, description, unit, width, queries }: PanelText): Heatmap {
  return new Heatmap()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(8)
    .targets([...queries])
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(unit))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true));
}

/** 1, 2, … or 0 and 1 as words and colours. */
export function words(
  of: Readonly<Record<string, { readonly text: string; readonly color: string }>>,
): ValueMapping {
  const options = Object.entries(of).map(([value, shown], index) => [value, { ...shown, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

function steps(of: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...of]);
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom);
}

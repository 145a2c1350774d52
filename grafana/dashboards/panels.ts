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
  TableSortByFieldStateBuilder,
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
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
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

export interface Column {
  readonly title: string;
  readonly query: Query;
  readonly unit?: string;
  readonly mapping?: ValueMapping;
  /** A link on each cell; `${__data.fields.…}` names another column of the row. */
  readonly link?: { readonly title: string; readonly url: string };
}

export interface TableText extends Omit<PanelText, 'queries'> {
  /** The label that all queries share: the first column. */
  readonly key: {
    readonly label: string;
    readonly title: string;
    readonly link: NonNullable<Column['link']>;
  };
  readonly columns: readonly Column[];
  /** Title of the column to sort by, smallest first. */
  readonly sortBy: string;
}

export function table({ title, description, unit, width, key, columns, sortBy }: TableText): Table {
  const names = columns.map((column, i) => [`Value #${refOf(i)}`, column.title] as const);
  const panel = new Table()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(10)
    .targets(columns.map(({ query }, i) => query.refId(refOf(i))))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        renameByName: { [key.label]: key.title, ...Object.fromEntries(names) },
        indexByName: Object.fromEntries(
          [key.label, ...names.map(([name]) => name)].map((name, i) => [name, i]),
        ),
      },
    })
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(false)])
    .overrideByName(key.title, looks(key));
  for (const column of columns) panel.overrideByName(column.title, looks(column));
  return panel;
}

const refOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

function looks({ unit, mapping, link }: Pick<Column, 'unit' | 'mapping' | 'link'>): DynamicConfigValue[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(mapping === undefined
      ? []
      : [
          { id: 'mappings', value: [mapping] },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
  ];
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

import {
  AnnotationQueryBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, same } from './query.js';

type Variable = DatasourceVariableBuilder | QueryVariableBuilder;

/** Named and labelled as Grafana's dashboard linter asks. */
export const VARIABLES: readonly Variable[] = [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  ofLabel('job', 'Job', 'label_values(bellows_build_info, job)'),
  ofLabel('instance', 'Instance', 'label_values(bellows_build_info{job=~"$job"}, instance)'),
  ofLabel('migration', 'Migration', 'label_values(bellows_migration_phase{job=~"$job"}, migration)').sort(
    VariableSort.AlphabeticalDesc,
  ),
];

function ofLabel(name: string, label: string, query: string): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(DATASOURCE)
      .query(query)
      .definition(query)
      .multi(true)
      .includeAll(true)
      // Not `.*`: that matches series without the label.
      .allValue('.+')
      .current({ selected: true, text: 'All', value: '$__all' })
      .sort(VariableSort.AlphabeticalAsc)
      .refresh(VariableRefresh.OnTimeRangeChanged)
  );
}

/** A mark where a migration entered a phase; the value of the series is its time. */
export const PHASE_MARKS = new AnnotationQueryBuilder()
  .name('Phases')
  .datasource(DATASOURCE)
  .enable(true)
  .iconColor('blue')
  .expr(`${same('migration, phase', 'bellows_migration_phase_entered_timestamp_seconds')} * 1000`)
  .titleFormat('{{migration}} → {{phase}}')
  .useValueForTime(true);

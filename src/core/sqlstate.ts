/**
 * The one table of SQLSTATEs that Bellows meets, and what is done about each. What is not in it stops the work:
 * an error that nobody thought about must not be tried again in a loop.
 *
 * Names are those of the PostgreSQL manual, appendix "Error Codes".
 */
import { BellowsError } from './errors.js';

export type ErrorAction =
  /** The same again, after a short jittered pause. */
  | 'retry'
  /** The same with half as many rows. */
  | 'split'
  /** The server is short of something: hold the pace until it is released. */
  | 'throttle'
  /** A row's own fault: find it by splitting, and put it aside. */
  | 'quarantine'
  /** Nothing that trying again could change. */
  | 'stop'
  /** The session is gone or leads to the wrong server: open another. */
  | 'reconnect';

export interface ErrorRule {
  readonly name: string;
  readonly action: ErrorAction;
  /** How often in a row the action is taken before it counts as `stop`; `null`: until the caller's own deadline. */
  readonly bound: number | null;
}

export interface Classified extends ErrorRule {
  /** `none` where the error is not the database's. */
  readonly sqlstate: string;
}

const rule = (action: ErrorAction, bound: number | null, name: string): ErrorRule => ({
  name,
  action,
  bound,
});
const stop = (name: string): ErrorRule => rule('stop', 0, name);
const data = (name: string): ErrorRule => rule('quarantine', null, name);
const lost = (name: string): ErrorRule => rule('reconnect', null, name);
const short = (name: string): ErrorRule => rule('throttle', null, name);

export const SQLSTATES: Readonly<Record<string, ErrorRule>> = {
  '08000': lost('connection_exception'),
  '08001': lost('sqlclient_unable_to_establish_sqlconnection'),
  '08003': lost('connection_does_not_exist'),
  '08004': rule('reconnect', 10, 'sqlserver_rejected_establishment_of_sqlconnection'),
  '08006': lost('connection_failure'),
  // Committed or not is not known: the next attempt reads the ledger first.
  '08007': lost('transaction_resolution_unknown'),
  // A pooler that refuses a startup parameter, or no PostgreSQL at all.
  '08P01': stop('protocol_violation'),
  '0A000': stop('feature_not_supported'),
  '21000': stop('cardinality_violation'),
  '22000': data('data_exception'),
  '22001': data('string_data_right_truncation'),
  '22003': data('numeric_value_out_of_range'),
  '22004': data('null_value_not_allowed'),
  '22007': data('invalid_datetime_format'),
  '22008': data('datetime_field_overflow'),
  '2200H': stop('sequence_generator_limit_exceeded'),
  '22012': data('division_by_zero'),
  '22021': data('character_not_in_repertoire'),
  '22023': data('invalid_parameter_value'),
  '22032': data('invalid_json_text'),
  '22P02': data('invalid_text_representation'),
  '22P05': data('untranslatable_character'),
  '23000': data('integrity_constraint_violation'),
  '23001': data('restrict_violation'),
  '23502': data('not_null_violation'),
  '23503': data('foreign_key_violation'),
  '23505': data('unique_violation'),
  '23514': data('check_violation'),
  '23P01': data('exclusion_violation'),
  '25001': stop('active_sql_transaction'),
  // A demoted primary: the next connection may lead to the new one.
  '25006': rule('reconnect', 100, 'read_only_sql_transaction'),
  '25P01': stop('no_active_sql_transaction'),
  '25P02': stop('in_failed_sql_transaction'),
  // Both end the session. It was this process that was too slow.
  '25P03': rule('reconnect', 20, 'idle_in_transaction_session_timeout'),
  '25P04': rule('reconnect', 20, 'transaction_timeout'),
  '28000': stop('invalid_authorization_specification'),
  '28P01': stop('invalid_password'),
  '2BP01': stop('dependent_objects_still_exist'),
  '3D000': stop('invalid_catalog_name'),
  '3F000': stop('invalid_schema_name'),
  '40001': rule('retry', 20, 'serialization_failure'),
  '40003': lost('statement_completion_unknown'),
  '40P01': rule('retry', 20, 'deadlock_detected'),
  '42501': stop('insufficient_privilege'),
  '42601': stop('syntax_error'),
  '42602': stop('invalid_name'),
  '42611': stop('invalid_column_definition'),
  '42622': stop('name_too_long'),
  '42701': stop('duplicate_column'),
  '42702': stop('ambiguous_column'),
  '42703': stop('undefined_column'),
  '42704': stop('undefined_object'),
  '42710': stop('duplicate_object'),
  '42725': stop('ambiguous_function'),
  '42804': stop('datatype_mismatch'),
  '42809': stop('wrong_object_type'),
  '42830': stop('invalid_foreign_key'),
  '42846': stop('cannot_coerce'),
  '42883': stop('undefined_function'),
  '42939': stop('reserved_name'),
  '42P01': stop('undefined_table'),
  '42P02': stop('undefined_parameter'),
  '42P06': stop('duplicate_schema'),
  '42P07': stop('duplicate_table'),
  '42P10': stop('invalid_column_reference'),
  '42P16': stop('invalid_table_definition'),
  '42P17': stop('invalid_object_definition'),
  '42P18': stop('indeterminate_datatype'),
  '53000': short('insufficient_resources'),
  '53100': short('disk_full'),
  '53200': short('out_of_memory'),
  '53300': short('too_many_connections'),
  '53400': short('configuration_limit_exceeded'),
  '54000': stop('program_limit_exceeded'),
  '54001': stop('statement_too_complex'),
  '54011': stop('too_many_columns'),
  '55000': stop('object_not_in_prerequisite_state'),
  '55006': rule('retry', 20, 'object_in_use'),
  '55P02': stop('cant_change_runtime_param'),
  '55P03': rule('retry', null, 'lock_not_available'),
  '55P04': stop('unsafe_new_enum_value_usage'),
  // 65,536 blocks are halved to one in 16 steps; what is left are the rows of one block.
  '57014': rule('split', 30, 'query_canceled'),
  '57P01': lost('admin_shutdown'),
  '57P02': lost('crash_shutdown'),
  '57P03': lost('cannot_connect_now'),
  '57P04': stop('database_dropped'),
  '57P05': lost('idle_session_timeout'),
  '58030': stop('io_error'),
  '58P01': stop('undefined_file'),
  P0001: stop('raise_exception'),
  P0002: stop('no_data_found'),
  P0003: stop('too_many_rows'),
  P0004: stop('assert_failure'),
  XX000: stop('internal_error'),
  XX001: stop('data_corrupted'),
  XX002: stop('index_corrupted'),
};

/** For codes that the table does not name: the line's fault (08), a row's own (22, 23), or a shortage (53). The rest is `stop`. */
const CLASSES: Readonly<Record<string, ErrorRule>> = {
  '08': lost('connection_exception'),
  '22': data('data_exception'),
  '23': data('integrity_constraint_violation'),
  '53': short('insufficient_resources'),
};

/** What Node's sockets say when the line breaks. */
const BROKEN_LINE = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
]);

/** The SQLSTATE that the server gave, or that one of our own errors carries in `data.sqlstate`; `null` for anything else. */
export function sqlstateOf(error: unknown): string | null {
  if (error instanceof BellowsError) return textField(error.data, 'sqlstate');
  // A server's error has a severity; Node's own codes may have five letters too (EPIPE, EBUSY).
  const code = textField(error, 'severity') === null ? null : textField(error, 'code');
  if (code !== null && /^[0-9A-Z]{5}$/.test(code)) return code;
  return BROKEN_LINE.has(textField(error, 'code') ?? '') ? '08006' : null;
}

/** What to do about an error. What is not known is `stop`. */
export function classify(error: unknown): Classified {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === null) return { sqlstate: 'none', ...stop('not_a_database_error') };
  return { sqlstate, ...(SQLSTATES[sqlstate] ?? CLASSES[sqlstate.slice(0, 2)] ?? stop('unknown')) };
}

const NAMES = ['constraint', 'schema', 'table', 'column'] as const;

/**
 * An error in words that hold no row value: the server's message, `detail`, `where` and `hint` may (`Key (email)=(…)`,
 * `Failing row contains …`), so of a server's error only SQLSTATE and names are told. Errors of our own are safe as they are.
 */
export function safeMessage(error: unknown): string {
  if (error instanceof BellowsError) return error.message;
  const { sqlstate, name } = classify(error);
  if (sqlstate === 'none') return foreignError(error);
  const names = NAMES.flatMap((field) => {
    const value = textField(error, field);
    return value === null ? [] : [`${field} ${value}`];
  });
  return names.length === 0 ? `${sqlstate} ${name}` : `${sqlstate} ${name} (${names.join(', ')})`;
}

/** Not the database's error: its class and code, since the message may quote what it was working on. */
function foreignError(error: unknown): string {
  const code = textField(error, 'code');
  const kind = error instanceof Error ? error.name : 'unknown error';
  return code === null ? kind : `${kind} ${code}`;
}

function textField(value: unknown, field: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const found: unknown = Reflect.get(value, field);
  return typeof found === 'string' && found !== '' ? found : null;
}

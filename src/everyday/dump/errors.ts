import { BellowsError, ConditionError, EXIT } from '#core/errors';

/** Objects that need each other, and that no order creates. */
export class CircleError extends BellowsError {
  constructor(names: readonly string[]) {
    super(
      'BELLOWS_DUMP_CIRCLE',
      {
        what: `These objects depend on each other in a circle: ${names.join(' → ')}.`,
        why: 'There is no order in which a file could create them.',
        left: 'No file was written.',
        next: 'Break the circle, or take the binary: bellows dump --provider pg_dump',
      },
      { names },
    );
  }
}

/** The database holds what the catalogue provider cannot write: a dump without it would be a loss that nobody sees. */
export class UnknownObjectsError extends BellowsError {
  constructor(names: readonly string[]) {
    super(
      'BELLOWS_DUMP_UNKNOWN',
      {
        what: `The catalogue provider cannot write ${names.length === 1 ? 'this object' : 'these objects'}: ${names.join(', ')}.`,
        why: 'A dump without them would be a loss that nobody notices.',
        left: 'No file was written.',
        next: 'bellows dump --provider pg_dump',
      },
      { names },
    );
  }
}

/** `dump --check`: the schema file is not what the database is. */
export class StaleDumpError extends ConditionError {
  constructor(file: string, state: 'stale' | 'missing') {
    super(
      'BELLOWS_DUMP_STALE',
      {
        what: state === 'missing' ? `There is no schema file ${file}.` : `The schema file ${file} is stale.`,
        why: 'Whoever loads it gets another schema than the one of this database.',
        left: 'Nothing was written.',
        next: 'Run bellows dump on a migrated database, and commit the file.',
      },
      { file, state },
    );
  }
}

/** The binary that was asked for cannot be used. */
export class PgDumpError extends BellowsError {
  constructor(what: string, next: string) {
    super('BELLOWS_PG_DUMP', { what, left: 'The schema file was not touched.', next }, {}, EXIT.operation);
  }
}

/** Somebody holds a table for too long. */
export class DumpWaitError extends BellowsError {
  constructor(waitedMs: number) {
    super(
      'BELLOWS_DUMP_WAIT',
      {
        what: `A table is held by another session's ALTER, VACUUM FULL or the like: waited ${waitedMs / 1000} s for it.`,
        why: 'A schema that is being changed is neither the old one nor the new one.',
        left: 'The schema file was not touched.',
        next: 'Run bellows dump again when that session is through.',
      },
      { waitedMs },
      EXIT.operation,
    );
  }
}

/** A database that `load` cannot load into. */
export class NotEmptyError extends BellowsError {
  constructor(names: readonly string[], count: number) {
    const more = count > names.length ? `, and ${count - names.length} more` : '';
    super(
      'BELLOWS_LOAD_NOT_EMPTY',
      {
        what: `The database is not empty: it holds ${names.join(', ')}${more}.`,
        why: 'A schema file makes a schema from nothing; over another one it would fail half-way or mix the two.',
        left: 'Nothing was changed.',
        next: 'Load into an empty database: bellows drop, bellows create, bellows load; or name another one with --database-url.',
      },
      { count },
    );
  }
}

/** A schema file that cannot be read or written. */
export class SchemaFileError extends BellowsError {
  constructor(what: string, left: string, next: string) {
    super('BELLOWS_SCHEMA_FILE', { what, left, next }, {}, EXIT.usage);
  }
}

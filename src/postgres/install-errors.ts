import { BellowsError } from '#core/errors';
import { quote } from '#core/identifier';

/** Our own tables are of a newer Bellows: this one would not understand what it reads. */
export class SchemaNewerError extends BellowsError {
  constructor(found: number, known: number) {
    super(
      'BELLOWS_SCHEMA_NEWER',
      {
        what: `The schema "bellows" of this database has version ${found}; this Bellows knows versions up to ${known}.`,
        why: 'A newer Bellows upgraded it, and an older one would misread it.',
        left: 'Nothing was changed.',
        next: 'npm install pgbellows@latest',
      },
      { found, known },
    );
  }
}

/** The role may not create or use schema "bellows". `owner` is who has the schema, `null` where there is none. */
export class SchemaPermissionError extends BellowsError {
  constructor(role: string, database: string, owner: string | null) {
    const to = quote(role);
    const grant =
      owner === null
        ? `grant create on database ${quote(database)} to ${to};`
        : `grant usage, create on schema bellows to ${to}; grant select, insert, update, delete on all tables in schema bellows to ${to};`;
    super(
      'BELLOWS_SCHEMA_PERMISSION',
      {
        what: `Role "${role}" may not set up or use the schema "bellows" in database "${database}".`,
        why:
          owner === null
            ? 'It lacks the CREATE privilege on the database.'
            : `The schema belongs to role "${owner}", and only its owner can upgrade it.`,
        left: 'Nothing was changed.',
        next: `${owner === null ? 'As the owner of the database' : `As "${owner}"`}, once: ${grant}`,
      },
      { role, database, owner, grant },
    );
  }
}

/** There is a schema "bellows" with tables that this program did not make. */
export class SchemaOccupiedError extends BellowsError {
  constructor(database: string) {
    super(
      'BELLOWS_SCHEMA_OCCUPIED',
      {
        what: `Database "${database}" has a schema "bellows" that holds other objects than those of Bellows.`,
        why: 'Names of its objects are those that Bellows needs.',
        left: 'Nothing was changed.',
        next: 'Rename that schema: alter schema bellows rename to something_else;',
      },
      { database },
    );
  }
}

/** The package is incomplete: a bundler left the schema's files out. */
export class SchemaFilesError extends BellowsError {
  constructor(folder: string) {
    super('BELLOWS_SCHEMA_FILES', {
      what: `The SQL files of the schema "bellows" are not at ${folder}.`,
      why: 'They are read beside the compiled code, and a bundler moves the code without them.',
      left: 'Nothing was changed.',
      next: 'Mark pgbellows as external in the bundler, or run `bellows up` from the installed package first.',
    });
  }
}

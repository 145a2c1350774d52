/** The text of a schema file. */
import { literal } from '#core/identifier';

/** Who reads the database: this room, or the binary. */
export type Provider = 'catalogue' | 'pg_dump';

/** How a file was made; its first lines say it, so that the next dump and `--check` do it likewise. */
export interface Recipe {
  readonly provider: Provider;
  /** Privileges too. */
  readonly grants: boolean;
}

export interface RunInFlight {
  readonly migration: string;
  readonly state: string;
}

export interface FileParts extends Recipe {
  readonly runs: readonly RunInFlight[];
  /** What is not in the file on purpose, in words; told to whoever dumps, since it is of one server and not of the schema. */
  readonly leftOut: readonly string[];
  /** Everything but the rows: of the catalogue, or of the binary. */
  readonly body: string;
  readonly rows: MigrationRows | null;
}

/** The rows of dbmate's table, which say what the schema holds. */
export interface MigrationRows {
  /** Quoted, with its schema. */
  readonly table: string;
  readonly versions: readonly string[];
}

/** What a session must be set to for the statements to mean what they meant: the names in them have their schema. */
const SETTINGS = `SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET default_tablespace = '';
SET default_table_access_method = heap;
`;

export function schemaFile(parts: FileParts): string {
  return [
    '-- The schema of the database, written by bellows dump. Do not edit it: write a migration, and dump again.\n',
    `-- provider: ${parts.provider}; grants: ${parts.grants ? 'yes' : 'no'}\n`,
    ...parts.runs.map(
      ({ migration, state }) =>
        `-- run in flight: ${migration} (${state}); what it adds for itself is left out\n`,
    ),
    `\n${parts.body}`,
    ...(parts.rows === null ? [] : [`\n${rowsText(parts.rows)}`]),
  ].join('');
}

export function catalogueBody(statements: readonly string[]): string {
  return [SETTINGS, ...statements.map((statement) => `${statement};\n`)].join('\n');
}

function rowsText({ table, versions }: MigrationRows): string {
  const head = '-- Migrations that are in this schema\n';
  if (versions.length === 0) return `${head}-- none\n`;
  return `${head}\nINSERT INTO ${table} (version) VALUES\n${versions.map((v) => `    (${literal(v)})`).join(',\n')};\n`;
}

/** How an existing file was made; null: not by Bellows. */
export function recipeOf(text: string): Recipe | null {
  const found = /^-- provider: (catalogue|pg_dump); grants: (yes|no)\s*$/m.exec(text.slice(0, 2_000));
  if (found === null) return null;
  return { provider: found[1] === 'pg_dump' ? 'pg_dump' : 'catalogue', grants: found[2] === 'yes' };
}

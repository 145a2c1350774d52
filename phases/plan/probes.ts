/** Queries of one boolean that tell from the catalogue whether an action is done: a crash between DDL and bookkeeping is harmless. */
import { literal, quoteTable, type TableName } from '#core/identifier';

const relation = (table: TableName) => `to_regclass(${literal(quoteTable(table))})`;

export function columnExists(table: TableName, column: string): string {
  return `select exists (select from pg_catalog.pg_attribute where attrelid = ${relation(table)} and attname = ${literal(column)} and not attisdropped) as done`;
}

export function columnGone(table: TableName, column: string): string {
  return `select not exists (select from pg_catalog.pg_attribute where attrelid = ${relation(table)} and attname = ${literal(column)} and not attisdropped) as done`;
}

export function columnHasDefault(table: TableName, column: string): string {
  return `select exists (select from pg_catalog.pg_attribute where attrelid = ${relation(table)} and attname = ${literal(column)} and atthasdef) as done`;
}

/** On 18 attnotnull is true for a NOT VALID not-null too; ours is only ever set over a validated check, so it tells the truth here. */
export function columnNotNull(table: TableName, column: string): string {
  return `select exists (select from pg_catalog.pg_attribute where attrelid = ${relation(table)} and attname = ${literal(column)} and attnotnull) as done`;
}

export function constraintExists(table: TableName, name: string): string {
  return `select exists (select from pg_catalog.pg_constraint where conrelid = ${relation(table)} and conname = ${literal(name)}) as done`;
}

export function constraintGone(table: TableName, name: string): string {
  return `select not exists (select from pg_catalog.pg_constraint where conrelid = ${relation(table)} and conname = ${literal(name)}) as done`;
}

export function constraintValidated(table: TableName, name: string): string {
  return `select exists (select from pg_catalog.pg_constraint where conrelid = ${relation(table)} and conname = ${literal(name)} and convalidated) as done`;
}

/** A function of the run, in schema `bellows`. */
export function ownFunctionExists(name: string): string {
  return `select exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'bellows' and p.proname = ${literal(name)})`;
}

export function triggersExist(table: TableName, names: readonly string[]): string {
  return `select count(*) = ${names.length} from pg_catalog.pg_trigger where tgrelid = ${relation(table)} and tgname in (${names.map(literal).join(', ')})`;
}

export function triggersAlwaysFire(table: TableName, names: readonly string[]): string {
  return `${triggersExist(table, names)} and tgenabled = 'A'`;
}

export function tableExists(table: TableName): string {
  return `select ${relation(table)} is not null as done`;
}

export function tableGone(table: TableName): string {
  return `select ${relation(table)} is null as done`;
}

export function indexValid(table: TableName, index: string): string {
  return `select exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = ${relation(table)} and c.relname = ${literal(index)} and i.indisvalid) as done`;
}

export function indexGone(table: TableName, index: string): string {
  return `select not exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = ${relation(table)} and c.relname = ${literal(index)}) as done`;
}

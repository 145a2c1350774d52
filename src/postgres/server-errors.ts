import { ConditionError, RefusedError } from '#core/errors';
import { quote } from '#core/identifier';

export function isTheServers(database: string): RefusedError {
  return new RefusedError({
    what: `Database "${database}" is not dropped.`,
    why: 'It belongs to the server itself: other databases are created from it, and tools connect to it.',
    next: 'Give the project a database of its own, and name it in the database URL.',
  });
}

export function mayNotCreate(database: string): RefusedError {
  return new RefusedError({
    what: `Database "${database}" cannot be created.`,
    why: 'The role of the database URL lacks CREATEDB.',
    next: `Ask whoever runs the server for: create database ${quote(database)}; or for the right: alter role … createdb;`,
  });
}

export function notTheOwner(database: string): RefusedError {
  return new RefusedError({
    what: `Database "${database}" cannot be dropped, or its sessions cannot be ended.`,
    why: 'Only its owner may drop it, and only a member of a session’s role may end that session.',
    next: 'Connect as the owner, and let the others leave.',
  });
}

/** @param users who keeps it, each as one phrase; empty: they left meanwhile */
export function databaseInUse(database: string, users: readonly string[], forced: boolean): ConditionError {
  const held = users.length === 0 ? 'sessions that have left meanwhile' : users.join(', ');
  return new ConditionError(
    'BELLOWS_DATABASE_IN_USE',
    {
      what: `Database "${database}" is in use.`,
      why: `It is held by ${held}.`,
      left: 'It was not dropped.',
      next: forced
        ? 'End what holds it: --force ends sessions, but no prepared transaction and no replication slot.'
        : 'Let them leave and try again, or add --force: it ends their sessions.',
    },
    { database, users },
  );
}

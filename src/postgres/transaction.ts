import type pg from 'pg';
import { sqlstateOf } from '#core/sqlstate';
import type { Session, TransactionLimits } from '#ports';
import {
  CommitUnknownError,
  ConnectionLostError,
  type Endpoint,
  TransactionAbortedError,
} from './connection-errors.js';
import { ClientSession, tellLost } from './session.js';

/** Runs `work` in a transaction on this client. `usable` tells whether the connection may be given to somebody else. */
export async function runTransaction<R>(
  client: pg.ClientBase,
  endpoint: Endpoint,
  limits: TransactionLimits,
  work: (tx: Session) => Promise<R>,
): Promise<{ readonly usable: boolean; readonly result: PromiseSettledResult<R> }> {
  const session = new ClientSession(client, endpoint);
  try {
    await command(client, endpoint, beginText(limits));
    const value = await work(session);
    await session.end();
    await commit(client, endpoint);
    return { usable: true, result: { status: 'fulfilled', value } };
  } catch (reason) {
    await session.end();
    const usable = await rollback(client);
    return { usable, result: { status: 'rejected', reason } };
  }
}

/**
 * One message for `begin` and all settings. SET LOCAL only: behind a pooler a setting of the session would be the next user's.
 *
 * READ COMMITTED is said because a role may have another default, and a batch relies on its re-check of changed rows.
 */
function beginText(limits: TransactionLimits): string {
  const mode = limits.readOnly === true ? ' read only' : '';
  return [
    `begin isolation level ${limits.snapshot === true ? 'repeatable read' : 'read committed'}${mode}`,
    ...milliseconds('lock_timeout', limits.lockTimeoutMs),
    ...milliseconds('statement_timeout', limits.statementTimeoutMs),
    ...milliseconds('idle_in_transaction_session_timeout', limits.idleInTransactionTimeoutMs),
    ...(limits.rowSecurity === undefined
      ? []
      : [`set local row_security = ${limits.rowSecurity ? 'on' : 'off'}`]),
    ...(limits.replicationRole === undefined
      ? []
      : [`set local session_replication_role = ${limits.replicationRole}`]),
    synchronousCommit(limits.synchronousCommit ?? true),
  ].join('; ');
}

/** Rounded up: 0 would mean no limit at all. */
function milliseconds(setting: string, value: number | undefined): readonly string[] {
  if (value === undefined) return [];
  if (!Number.isFinite(value) || value < 0)
    throw new RangeError(`${setting} must be a number of milliseconds`);
  return [`set local ${setting} = ${Math.ceil(value)}`];
}

/** "On" must not weaken a server that waits for its standbys to apply (`remote_apply`). */
function synchronousCommit(on: boolean): string {
  if (!on) return 'set local synchronous_commit = off';
  return `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;
}

async function command(client: pg.ClientBase, endpoint: Endpoint, text: string): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    throw tellLost(error, endpoint);
  }
}

async function commit(client: pg.ClientBase, endpoint: Endpoint): Promise<void> {
  try {
    // COMMIT of a transaction in which a statement failed is answered ROLLBACK, without an error.
    const { command: done } = await client.query('commit');
    if (done === 'ROLLBACK') throw new TransactionAbortedError();
  } catch (error) {
    if (error instanceof TransactionAbortedError) throw error;
    const told = tellLost(error, endpoint);
    // Any other answer of the server to COMMIT (a deferred constraint, 40001) says that it rolled back.
    if (told instanceof ConnectionLostError || sqlstateOf(told) === null)
      throw new CommitUnknownError(endpoint);
    throw told;
  }
}

async function rollback(client: pg.ClientBase): Promise<boolean> {
  try {
    await client.query('rollback');
    return client.getTransactionStatus() === 'I';
  } catch {
    return false;
  }
}

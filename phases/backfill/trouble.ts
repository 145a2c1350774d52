import { classify } from '#core/sqlstate';

/** What a failed batch means for the walk. */
export type TroubleKind =
  /** Somebody holds a row: try without waiting for it. */
  | 'locked'
  /** Deadlock, serialization: the same again. */
  | 'conflict'
  /** Too much for one batch. */
  | 'timeout'
  /** A row's own fault. */
  | 'data'
  /** The session is gone, or none is to be had: whether the batch committed is read from the range. */
  | 'connection'
  /** The server is short of something: the breaker holds the pace, then the same again. */
  | 'shortage'
  | 'stop';

export interface Trouble {
  readonly kind: TroubleKind;
  readonly sqlstate: string;
  /** PostgreSQL's name for it; never its message, which may quote values. */
  readonly name: string;
  readonly error: unknown;
}

export function troubleOf(error: unknown): Trouble {
  const { sqlstate, name, action } = classify(error);
  return { kind: kindOf(sqlstate, action), sqlstate, name, error };
}

function kindOf(sqlstate: string, action: ReturnType<typeof classify>['action']): TroubleKind {
  // Raised by an expression's function or by a trigger of the table, about the row that it was given.
  if (sqlstate.startsWith('P0')) return 'data';
  if (sqlstate === '55P03') return 'locked';
  // No connection is free just now.
  if (sqlstate === '53300') return 'connection';
  switch (action) {
    case 'retry':
      return 'conflict';
    case 'split':
      return 'timeout';
    case 'quarantine':
      return 'data';
    case 'reconnect':
      return 'connection';
    case 'throttle':
      return 'shortage';
    case 'stop':
      return 'stop';
  }
}

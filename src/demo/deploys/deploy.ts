/** What one version of the application does: requests of one statement each, and how often. */
import { randomInt, randomUUID } from 'node:crypto';
import { LOADED_STATUSES, type Loaded } from '../schema.js';

export interface Request {
  readonly name: string;
  /** Its share among the requests of the deploy. */
  readonly weight: number;
  /** A write notes itself in the journal, in the same statement: it is there if and only if the write is. */
  readonly sql: string;
  readonly values: (pick: Pick) => readonly unknown[];
  /** `one`: exactly one row is read or written. Nothing that is read may be null. */
  readonly rows: 'one' | 'any';
}

export interface Pick {
  /** The id of a loaded row; a fifth of all come from a few that everybody wants. */
  user(): number;
  order(): number;
  word(): string;
  status(): string;
  unique(): string;
}

const HOT_ROWS = 500;
const HOT_SHARE = 5;
const WORDS = [
  'Mira',
  'Noor',
  'Otis',
  'Pia',
  'Quentin',
  'Rosa',
  'Sven',
  'Tova',
  'Uma',
  'Vera',
  'Wim',
  'Yara',
];

export function createPick({ users, orders }: Loaded): Pick {
  const id = (rows: number) => 1 + randomInt(randomInt(HOT_SHARE) === 0 ? Math.min(rows, HOT_ROWS) : rows);
  return {
    user: () => id(users),
    order: () => id(orders),
    word: () => `${WORDS[randomInt(WORDS.length)]}${randomInt(1_000)}`,
    status: () => LOADED_STATUSES[randomInt(LOADED_STATUSES.length)] ?? 'pending',
    unique: randomUUID,
  };
}

/** What each version does in the same way, because it touches no column that changes. */
export const UNCHANGED: readonly Request[] = [
  {
    name: 'find user',
    weight: 15,
    sql: 'select id, is_active from users where email = $1',
    values: (pick) => [`user${pick.user()}@example.com`],
    rows: 'one',
  },
  {
    name: 'switch user',
    weight: 3,
    sql: `
      with written as (update users set is_active = not is_active where id = $1 returning id)
      insert into user_writes (user_id)
      select id from written`,
    values: (pick) => [pick.user()],
    rows: 'one',
  },
];

import type { Emit } from '#core/events';

const QUIET_MS = 10_000;
const MAX_REMEMBERED = 200;
const MAX_LENGTH = 240;

/** Turns what BullMQ, ioredis or pg throw into one line, and tells it to the listeners. */
export interface Reports {
  /** One line, without secrets. */
  wording(error: unknown): string;
  /** Emits `queue:error`; the same message (numbers aside) at most once in 10 s. */
  tell(error: unknown): void;
  /** Emits `job:redelivered`: a job whose worker fell silent was put back. */
  stalled(): void;
}

export function createReports(emit: Emit, secrets: readonly string[]): Reports {
  const told = new Map<string, number>();
  const wording = (error: unknown) => hide(describe(error), secrets);
  return {
    wording,
    stalled: () => emit('job:redelivered', { cause: 'stalled' }),
    tell(error) {
      const message = wording(error);
      const kind = message.replaceAll(/\d+/g, '#');
      const now = Date.now();
      if (now - (told.get(kind) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
      if (told.size >= MAX_REMEMBERED) told.clear();
      told.set(kind, now);
      emit('queue:error', { message });
    },
  };
}

/** The user name is no secret, the password is, in both its spellings. */
export function secretsOf(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { password } = new URL(url);
  return password === '' ? [] : [password, decode(password)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}

/** Only the first line: a DETAIL of PostgreSQL may hold a key. Node's AggregateError has a code and no message. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown error';
  const line = (error.message.split('\n', 1)[0] ?? '').slice(0, MAX_LENGTH);
  const code = codeOf(error);
  if (line === '') return code ?? error.name;
  return code === undefined || line.includes(code) ? line : `${line} [${code}]`;
}

/** SQLSTATE, errno or our own code. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
}

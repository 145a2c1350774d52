/** What an operator reads when something went wrong. Row values and secrets never belong in here. */
export interface ErrorText {
  /** What happened, as a sentence. */
  readonly what: string;
  /** Why it is unsafe or impossible. */
  readonly why?: string;
  /** What was left in place: nothing half-done is left unsaid. */
  readonly left?: string;
  /** The next command or action. */
  readonly next?: string;
}

/** Process exit codes; the command line promises them. */
export const EXIT = { done: 0, condition: 1, usage: 2, operation: 3, busy: 4, drift: 5 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The base of every error that Bellows raises on purpose.
 *
 * `code` is stable (`BELLOWS_…`), `exit` is the process exit code that it leads to, `data` holds the facts as fields.
 */
export class BellowsError extends Error {
  readonly code: string;
  readonly text: ErrorText;
  readonly exit: ExitCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    text: ErrorText,
    data: Readonly<Record<string, unknown>> = {},
    exit: ExitCode = EXIT.operation,
  ) {
    super(text.what);
    this.name = new.target.name;
    this.code = code;
    this.text = text;
    this.exit = exit;
    this.data = data;
  }
}

/** The four parts of an error as lines for a terminal or a log. */
export function renderError(error: BellowsError): readonly string[] {
  const { what, why, left, next } = error.text;
  return [
    `${what} [${error.code}]`,
    ...(why === undefined ? [] : [`why:  ${why}`]),
    ...(left === undefined ? [] : [`left: ${left}`]),
    ...(next === undefined ? [] : [`next: ${next}`]),
  ];
}

/** An error as `--json` and the HTTP API give it. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly what: string;
    readonly why: string | null;
    readonly left: string | null;
    readonly next: string | null;
  };
}

/** @param shown applied to each text: takes out what the reader must not see */
export function errorDocument(
  { code, text }: BellowsError,
  shown: (text: string) => string = (same) => same,
): ErrorDocument {
  const part = (words: string | undefined) => (words === undefined ? null : shown(words));
  return {
    error: {
      code,
      what: shown(text.what),
      why: part(text.why),
      left: part(text.left),
      next: part(text.next),
    },
  };
}

/** The events that somebody asks for by a command, in words. */
const ASKED: Readonly<Record<string, string>> = {
  pause: 'be paused',
  resume: 'be resumed',
  retry: 'be retried',
  roll_back: 'be rolled back',
  contract: 'be contracted',
};

/** A run was asked for something that its state has no rule for. */
export class InvalidTransitionError extends BellowsError {
  constructor(state: string, event: string) {
    super(
      'BELLOWS_INVALID_TRANSITION',
      {
        what: `A migration that is ${state} cannot ${ASKED[event] ?? `take the event "${event}"`}.`,
        why: 'Its state has no rule for that.',
        left: 'The state was not changed.',
        next: 'bellows status',
      },
      { state, event },
      EXIT.usage,
    );
  }
}

/** A migration file, an option or an argument says something that cannot be. */
export class DefinitionError extends BellowsError {
  constructor(text: ErrorText, data: Readonly<Record<string, unknown>> = {}) {
    super('BELLOWS_DEFINITION', text, data, EXIT.usage);
  }
}

/** A table or a server that cannot be served; raised before anything is changed. */
export class RefusedError extends BellowsError {
  constructor(text: ErrorText, data: Readonly<Record<string, unknown>> = {}) {
    super('BELLOWS_REFUSED', { left: 'Nothing was changed.', ...text }, data, EXIT.operation);
  }
}

/** The fence said no: another leader or worker took over. Its holder stops at once and changes nothing more. */
export class FencedError extends BellowsError {
  constructor(what: string, data: Readonly<Record<string, unknown>> = {}) {
    super(
      'BELLOWS_FENCED',
      {
        what,
        why: 'Another process holds the newer epoch; going on would mean two writers.',
        left: 'The transaction was rolled back.',
        next: 'Nothing: the other process carries on.',
      },
      data,
      EXIT.busy,
    );
  }
}

/** The checksum of a file or definition is not the one that the run was started with. */
export class DriftError extends BellowsError {
  constructor(text: ErrorText, data: Readonly<Record<string, unknown>> = {}) {
    super('BELLOWS_DRIFT', text, data, EXIT.drift);
  }
}

/** A condition that was asked for is not met: a shut gate, pending work, findings. */
export class ConditionError extends BellowsError {
  constructor(code: string, text: ErrorText, data: Readonly<Record<string, unknown>> = {}) {
    super(code, text, data, EXIT.condition);
  }
}

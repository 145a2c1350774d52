import { BellowsError, ConditionError, EXIT } from '#core/errors';
import type { StopSignal } from './io.js';

/** Something typed that is no command, option or argument, or is missing. */
export class UsageError extends BellowsError {
  constructor(what: string, next: string) {
    super('BELLOWS_USAGE', { what, left: 'Nothing was done.', next }, {}, EXIT.usage);
  }
}

/** A verb that destroys something was called where nobody can be asked; `why`: what it would do. */
export class ConfirmationError extends BellowsError {
  constructor(doing: string, why: string) {
    super(
      'BELLOWS_CONFIRMATION',
      {
        what: `There is no terminal to ask on whether to ${doing}.`,
        why,
        left: 'Nothing was changed.',
        next: 'Say so on the command line: --yes',
      },
      {},
      EXIT.usage,
    );
  }
}

export class DeclinedError extends ConditionError {
  constructor(doing: string) {
    super('BELLOWS_DECLINED', { what: `It was declined to ${doing}.`, left: 'Nothing was changed.' });
  }
}

/** A signal ended the command before it came to its end; what was begun can be gone on with. */
export class InterruptedError extends ConditionError {
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(
      'BELLOWS_INTERRUPTED',
      {
        what: `Stopped by ${signal}.`,
        left: 'What was finished is kept; what was under way was rolled back.',
        next: 'Run the same command again: it goes on where this one stopped.',
      },
      { signal },
    );
    this.signal = signal;
  }
}

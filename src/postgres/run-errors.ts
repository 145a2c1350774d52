import { BellowsError, EXIT } from '#core/errors';

/** Two processes planned the same migration at once; the other one's run counts. */
export class RunExistsError extends BellowsError {
  constructor(migration: string) {
    super(
      'BELLOWS_RUN_EXISTS',
      {
        what: `Migration ${migration} already has a run.`,
        why: 'One run of a migration is alive at a time; another process created it first.',
        left: 'Nothing was changed.',
        next: `bellows status ${migration}`,
      },
      { migration },
      EXIT.busy,
    );
  }
}

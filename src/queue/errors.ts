import { BellowsError, type ErrorText, EXIT, type ExitCode } from '#core/errors';

/** The queue cannot do what it was asked for. No run loses anything by it: the ledger in PostgreSQL is the truth. */
export class QueueError extends BellowsError {
  constructor(code: string, text: ErrorText, data: Readonly<Record<string, unknown>> = {}, exit?: ExitCode) {
    super(code, text, data, exit);
  }
}

/** `BELLOWS_QUEUE_UNAVAILABLE`: it does not answer now; worth another try later. */
export function unavailable(description: string, cause: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_UNAVAILABLE',
    {
      what: `The queue (${description}) does not answer: ${cause}`,
      why: 'Without it nobody is woken to work, so the backfill waits.',
      left: 'Nothing is lost: jobs are re-created from the ledger in PostgreSQL once the queue is back.',
      next: 'Start it, or correct queueUrl.',
    },
    { queue: description, cause },
  );
}

/** `BELLOWS_QUEUE_NEEDS_DIRECT`: a transaction pooler stands between us and PostgreSQL. */
export function needsDirect(description: string, seen: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_NEEDS_DIRECT',
    {
      what: `The queue (${description}) is behind a connection pooler: ${seen}.`,
      why: 'The embedded queue keeps a session for LISTEN and sets startup options; a transaction pooler has neither.',
      left: 'Nothing was changed.',
      next: 'Give a direct queueUrl (a postgres:// address without the pooler) or Redis (redis://host:6379).',
    },
    { queue: description },
    EXIT.usage,
  );
}

/** `BELLOWS_QUEUE_SCHEMA`: the embedded queue's own tables cannot be made or used. */
export function schemaRefused(description: string, cause: string, next: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_SCHEMA',
    {
      what: `The embedded queue (${description}) cannot use its schema "bullmq": ${cause}`,
      left: 'Its tables are as they were.',
      next,
    },
    { queue: description, cause },
  );
}

/** `BELLOWS_QUEUE_URL`: the address itself is wrong. It is not repeated: it may hold a password. */
export function badUrl(what: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_URL',
    {
      what: `queueUrl cannot be used: ${what}.`,
      left: 'Nothing was changed.',
      next: 'Give redis://host:6379/0, rediss://user:password@host:6380/0 or postgres://host/database.',
    },
    {},
    EXIT.usage,
  );
}

/** `BELLOWS_QUEUE_NAME`: a queue, prefix or job name that one of the two backends would refuse or confuse. */
export function badName(kind: 'queue name' | 'prefix' | 'job id', name: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_NAME',
    {
      what: `"${name}" cannot be a ${kind}.`,
      why: 'It must have 1 to 120 letters, digits, ".", "_" or "-", and not digits only.',
      left: 'Nothing was changed.',
    },
    { kind, name },
    EXIT.usage,
  );
}

/** `BELLOWS_QUEUE_WORKER_STOPPED`: an error that waiting does not cure came again and again. */
export function workerStopped(description: string, cause: string): QueueError {
  return new QueueError(
    'BELLOWS_QUEUE_WORKER_STOPPED',
    {
      what: `The worker of the queue (${description}) stopped: the same error came 5 times within a second: ${cause}`,
      why: 'Going on would only repeat it, thousands of times a minute.',
      left: 'Running batches were finished; their progress is in the ledger.',
      next: 'Remove the cause, then start the worker again.',
    },
    { queue: description, cause },
  );
}

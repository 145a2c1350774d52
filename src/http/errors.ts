import { BellowsError, EXIT } from '#core/errors';

/** What a server serves, as its errors name it. */
export interface Served {
  readonly what: string;
  /** The options that say where. */
  readonly options: string;
}

const LEFT = 'Migrations run as they would; only this is not to be had here.';

/** Another process listens there already. Never the end of a run: the caller warns and goes on without. */
export class PortInUseError extends BellowsError {
  constructor({ what, options }: Served, host: string, port: number) {
    super(
      'BELLOWS_PORT_IN_USE',
      {
        what: `${what} cannot be served: another process listens on ${host}, port ${port}.`,
        why: 'One port belongs to one process; on one host every process needs a port of its own.',
        left: LEFT,
        next: `Set another port in the configuration (${options}); 0 takes any that is free.`,
      },
      { host, port },
      EXIT.operation,
    );
  }
}

/** The address is not this machine's, the port may not be used by this user, or the like. */
export class ListenError extends BellowsError {
  constructor({ what }: Served, host: string, port: number, reason: string) {
    super(
      'BELLOWS_LISTEN',
      {
        what: `${what} cannot be served on ${host}, port ${port}: ${reason}.`,
        left: LEFT,
        next: 'Choose an address of this machine, and a port above 1023 that is free.',
      },
      { host, port, reason },
      EXIT.operation,
    );
  }
}

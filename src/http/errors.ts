import { BellowsError, EXIT } from '#core/errors';

/** Another process listens there already. Never the end of a run: the caller warns and goes on without metrics. */
export class PortInUseError extends BellowsError {
  constructor(host: string, port: number) {
    super(
      'BELLOWS_PORT_IN_USE',
      {
        what: `Metrics and health cannot be served: another process listens on ${host}, port ${port}.`,
        why: 'One port belongs to one process; on one host every process needs a port of its own.',
        left: 'Migrations run as they would; only their metrics are not to be had here.',
        next: 'Set another port in the configuration (`http.metricsPort`, `http.workerMetricsPort`); 0 takes any that is free.',
      },
      { host, port },
      EXIT.operation,
    );
  }
}

/** The address is not this machine's, the port may not be used by this user, or the like. */
export class ListenError extends BellowsError {
  constructor(host: string, port: number, reason: string) {
    super(
      'BELLOWS_LISTEN',
      {
        what: `Metrics and health cannot be served on ${host}, port ${port}: ${reason}.`,
        left: 'Migrations run as they would; only their metrics are not to be had here.',
        next: 'Choose an address of this machine, and a port above 1023 that is free.',
      },
      { host, port, reason },
      EXIT.operation,
    );
  }
}

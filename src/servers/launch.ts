import { notStarted } from './errors.js';
import { pause, readLog, type ServerCommand, type ServerProcess, spawnServer } from './server-process.js';

/** Crash recovery after a hard stop is part of a start, so this is generous. */
const READY_MS = 60_000;
const POLL_MS = 15;

/** Ends of an attempt that the next one may not meet: the port was taken, or the predecessor's children still end. */
const PASSING = /address already in use|could not bind|shared memory block .* still in use/i;

export interface Launch {
  /** For messages: `PostgreSQL 18`. */
  readonly what: string;
  readonly choosePort: () => Promise<number>;
  readonly command: (port: number) => ServerCommand;
  /** Whether the server with this process id answers on this port. Rejecting is the same as `false`. */
  readonly ready: (port: number, pid: number) => Promise<boolean>;
}

export interface Launched {
  readonly process: ServerProcess;
  readonly port: number;
}

/**
 * Starts a server and waits until it answers, for at most 60 s. An attempt that lost the race for its port is repeated.
 * Throws `BELLOWS_SERVER_START` with the tail of the server's log; the process is then gone.
 */
export async function launch(plan: Launch): Promise<Launched> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const port = await plan.choosePort();
    const command = plan.command(port);
    const before = (await readLog(command.folder)).length;
    const server = await spawnServer(command);
    if (await answers(plan, server, port, deadline)) return { process: server, port };
    const ended = server.alive ? 'did not answer in time' : `ended with ${await server.exited}`;
    await server.end('SIGINT', command.hardSignal);
    const log = (await readLog(command.folder)).slice(before);
    if (!PASSING.test(log) || Date.now() > deadline) {
      throw notStarted(`${plan.what} ${ended}`, log.split('\n').slice(-20).join('\n'), { port });
    }
    await pause(50);
  }
}

async function answers(
  plan: Launch,
  server: ServerProcess,
  port: number,
  deadline: number,
): Promise<boolean> {
  while (server.alive && Date.now() < deadline) {
    if (await plan.ready(port, server.pid).catch(() => false)) return true;
    await pause(POLL_MS);
  }
  return false;
}

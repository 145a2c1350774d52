/** The web page and the API of `serve`, on connections of their own: a page that hangs takes none from the leader. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Operations } from '#api';
import { safeMessage } from '#core/sqlstate';
import { startControl } from '#http/control/control';
import { ListenError, PortInUseError } from '#http/errors';
import type { Database } from '#ports';
import type { Context } from './context.js';
import { sampleLag } from './lag.js';

/** What the page looks through: a second context on the same project. */
export interface PageDoor {
  readonly database: Database;
  readonly verbs: (actor: string) => Operations;
  close(): Promise<void>;
}

export interface Page {
  /** Where it listens; in words where it does not. */
  readonly address: string;
  close(): Promise<void>;
}

const CLOSE_MS = 2_000;

/** @param write a line for the log of the process */
export async function servePage(
  { settings, version }: Context,
  door: PageDoor,
  write: (text: string) => void,
): Promise<Page> {
  const { pageHost: host, pagePort: port, readToken, writeToken } = settings.http;
  const end = new AbortController();
  const close = async () => {
    end.abort();
    // A look that hangs keeps its connection; the process that ends takes it along.
    await Promise.race([door.close(), delay(CLOSE_MS, undefined, { ref: false })]);
  };
  try {
    const server = await startControl({
      ...{ host, port, version, verbs: door.verbs },
      tokens: { read: readToken, write: writeToken },
      lag: sampleLag(door.database, end.signal),
      report: (error) => write(`a request to the page failed: ${safeMessage(error)}`),
    });
    return { address: server.address, close: () => server.close().finally(close) };
  } catch (error) {
    if (!(error instanceof PortInUseError || error instanceof ListenError)) throw error;
    write(error.text.what);
    return { address: `nowhere: ${error.text.what}`, close };
  }
}

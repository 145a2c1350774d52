/** A receiver of webhooks on loopback that keeps what it got. */
import { createServer } from 'node:http';
import { afterEach } from 'vitest';

export interface Receiver {
  /** With a secret in its path, as Slack's. */
  readonly url: string;
  readonly texts: readonly string[];
}

/** @param answer the status of each request, by its number from 0; null: it is never answered */
export function useReceiver(): (answer?: (request: number) => number | null) => Promise<Receiver> {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  return (answer = () => 200) =>
    new Promise((resolve) => {
      const texts: string[] = [];
      const server = createServer((request, response) => {
        let body = '';
        request.on('data', (part: Buffer) => {
          body += part.toString();
        });
        request.on('end', () => {
          const status = answer(texts.length);
          texts.push((JSON.parse(body) as { readonly text: string }).text);
          if (status !== null) response.writeHead(status, { Location: '/elsewhere' }).end('ok');
        });
      });
      ends.push(() => {
        server.close();
        server.closeAllConnections();
      });
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve({ url: `http://127.0.0.1:${port}/services/geheim`, texts });
      });
    });
}

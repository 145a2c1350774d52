import type { IncomingMessage } from 'node:http';
import { RequestError } from './errors.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A reason and a name are all that is ever sent. Bytes. */
const MAX_BYTES = 16 * 1024;

/** The fields of a JSON object or of a form. Throws `RequestError` for anything else, and for more than 16 KiB. */
export async function readBody(request: IncomingMessage): Promise<Fields> {
  const text = await readText(request).catch((error: unknown) => {
    throw error instanceof RequestError ? error : cutOff();
  });
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (text === '') return {};
  if (type === 'application/json') return objectOf(text);
  throw new RequestError(415, 'BELLOWS_BODY', {
    what: 'The body is neither JSON nor a form.',
    next: 'Send a JSON object with Content-Type: application/json.',
  });
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BYTES) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function cutOff(): RequestError {
  return new RequestError(400, 'BELLOWS_BODY', {
    what: 'The request ended before its body did.',
    next: 'Send it again, within 5 s.',
  });
}

function tooLarge(): RequestError {
  return new RequestError(
    413,
    'BELLOWS_BODY',
    { what: `The body is larger than ${MAX_BYTES} bytes.`, next: 'Shorten the reason.' },
    { Connection: 'close' },
  );
}

function objectOf(text: string): Fields {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new RequestError(400, 'BELLOWS_BODY', {
    what: 'The body is no JSON object.',
    next: 'Send an object, such as {"reason": "quarter end"}.',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

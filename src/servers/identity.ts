import { readFileSync } from 'node:fs';
import { ServerError } from './errors.js';

/** The operating system user that a server runs as; `undefined`: as ourselves. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Accounts that exist on practically every machine, least powerful first. */
const ACCOUNTS = ['nobody', 'postgres', 'daemon'];

/**
 * PostgreSQL refuses to run as root, and initdb to run as a user without a name, so root borrows an account that is
 * already there: nothing is added to the machine. An ordinary user runs servers as itself.
 */
export function serverIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':'));
  for (const account of ACCOUNTS) {
    const found = fields.find(([name]) => name === account);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new ServerError('BELLOWS_SERVER_START', {
    what: `Running as root, and /etc/passwd has none of the accounts ${ACCOUNTS.join(', ')}.`,
    why: 'PostgreSQL refuses to run as root.',
    left: 'Nothing was started.',
    next: 'Run as an ordinary user.',
  });
}

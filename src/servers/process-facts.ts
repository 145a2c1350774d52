import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * When a process started, in a unit that only serves to tell two processes with the same id apart; `undefined` when it
 * is gone, or dead and merely not yet reaped.
 */
export function startOf(pid: number): number | undefined {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid: number): number | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, so fields are counted behind its last parenthesis: 3 is the state.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

function startFromPs(pid: number): number | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const [state = '', ...started] = text.split(/\s+/);
    return text === '' || state.startsWith('Z') ? undefined : Date.parse(started.join(' ')) / 1000;
  } catch {
    return undefined;
  }
}

/** The process namespace: in another one, the same number is another process. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
}

/** `<namespace>-<process>-<start>` of this process. */
export function ownMark(): string {
  return `${pidNamespace()}-${process.pid}-${startOf(process.pid) ?? 0}`;
}

import type { EventMap, Listener } from '#core/events';

/** How long the same reason may stand before it is said again. */
const AGAIN_SECONDS = 10;

/** Tells of a server that is waited for, and of a database that was made on the way. */
export function narrateServer(note: (line: string) => void): Listener {
  let said: EventMap['server:waiting'] | null = null;
  return (name, payload) => {
    if (name === 'database:created') {
      const { database, place } = payload as EventMap['database:created'];
      note(`Created database ${database} at ${place}.`);
    }
    if (name !== 'server:waiting') return;
    const now = payload as EventMap['server:waiting'];
    if (said?.reason === now.reason && now.seconds - said.seconds < AGAIN_SECONDS) return;
    said = now;
    note(`Waiting for the server at ${now.place}, ${Math.round(now.seconds)} s so far: ${now.reason}`);
  };
}

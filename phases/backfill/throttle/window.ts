import { isOpenAt, parseWindows } from '#core/window';
import { defineSignal } from './signal.js';

/** When the backfill may run, by the clock of the database: the clocks of workers differ. */
export const window = defineSignal({
  id: 'window',
  defaultOn: false,
  limits: {},
  open:
    () =>
    async ({ database, declared }) => {
      const texts = Array.isArray(declared.hours) ? (declared.hours as readonly string[]) : [];
      const [row] = await database.query<{ now: string }>('select clock_timestamp() as now');
      const open = isOpenAt(parseWindows(texts), new Date(row?.now ?? Number.NaN));
      const hours = texts.join(', ');
      return {
        value: open ? 0 : 1,
        limit: 1,
        verdict: open ? 'go' : 'stop',
        utilisation: open ? 0 : 1,
        text: `${open ? 'within' : 'outside of'} ${hours}`,
        release: `the window ${hours} opens`,
      };
    },
});

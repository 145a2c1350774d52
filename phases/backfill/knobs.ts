/** The knobs of a run that is under way, by the names that `bellows set` gives them. Pure. */
import { BellowsError, EXIT } from '#core/errors';
import { parseWindow } from '#core/window';
import type { ThrottleSettings } from '#ports';
import { AUTO_CEILING, type Pace } from './pace-settings.js';
import { NO_LIMITS, type Signal } from './throttle/signal.js';
import { isOn, SIGNALS, signalOf } from './throttle/signals.js';

export type KnobValue = number | string | boolean | null;

export interface Knob {
  /** `rate`, `replication_lag`, `replication_lag.seconds`. */
  readonly name: string;
  /** True and false stand for on and off; null: no limit. */
  readonly value: KnobValue;
  readonly default: KnobValue;
  readonly meaning: string;
}

interface General {
  readonly name: string;
  readonly meaning: string;
  readonly default: KnobValue;
  read(pace: Pace): KnobValue;
  /** Null: the text is no value of it. */
  set(pace: Pace, text: string): Pace | null;
  readonly takes: string;
}

const GENERAL: readonly General[] = [
  {
    name: 'rate',
    meaning: 'rows a second, over all workers',
    default: null,
    takes: 'a whole number from 1, or "none"',
    read: ({ rowsPerSecond }) => rowsPerSecond,
    set: (pace, text) => {
      const rows = text === 'none' ? null : whole(text, 1, 10_000_000);
      return rows === undefined ? null : { ...pace, rowsPerSecond: rows };
    },
  },
  {
    name: 'concurrency',
    meaning: 'batches in flight at a time; auto: as many as the server bears',
    default: 1,
    takes: 'a whole number from 1 to 64, or "auto"',
    read: ({ auto, ceiling }) => (auto ? 'auto' : ceiling),
    set: (pace, text) => {
      if (text === 'auto') return { ...pace, auto: true, ceiling: pace.auto ? pace.ceiling : AUTO_CEILING };
      const concurrency = whole(text, 1, 64);
      return concurrency === undefined
        ? null
        : { ...pace, concurrency, ceiling: concurrency, auto: false, rest: 0 };
    },
  },
  {
    name: 'max-concurrency',
    meaning: 'how far concurrency=auto may go',
    default: AUTO_CEILING,
    takes: 'a whole number from 1 to 64',
    read: ({ auto, ceiling }) => (auto ? ceiling : AUTO_CEILING),
    set: (pace, text) => {
      const ceiling = whole(text, 1, 64);
      if (ceiling === undefined) return null;
      return { ...pace, auto: true, ceiling, concurrency: Math.min(pace.concurrency, ceiling) };
    },
  },
  {
    name: 'batch-target',
    meaning: 'milliseconds that a batch is sized for',
    default: 100,
    takes: 'a whole number from 5 to 500',
    read: ({ targetMs }) => targetMs,
    set: (pace, text) => {
      const targetMs = whole(text, 5, 500);
      return targetMs === undefined ? null : { ...pace, targetMs };
    },
  },
  {
    name: 'vacuum',
    meaning: 'vacuum the table as the walk goes',
    default: true,
    takes: '"on" or "off"',
    read: ({ vacuum }) => vacuum,
    set: (pace, text) => (isSwitch(text) ? { ...pace, vacuum: text === 'on' } : null),
  },
];

function whole(text: string, least: number, most: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
}

function isSwitch(text: string): boolean {
  return text === 'on' || text === 'off';
}

/** A pause has a verb of its own. */
const SWITCHED = SIGNALS.filter(({ id }) => id !== 'operator');

export function readKnobs(pace: Pace): readonly Knob[] {
  const queries = Object.keys(pace.throttle).filter((id) => id.startsWith('query:'));
  const signals = [...SWITCHED, ...queries.flatMap((id) => signalOf(id) ?? [])];
  return [
    ...GENERAL.map((knob) => ({
      name: knob.name,
      value: knob.read(pace),
      default: knob.default,
      meaning: knob.meaning,
    })),
    ...signals.flatMap((signal) => signalKnobs(signal, pace.throttle)),
  ];
}

function signalKnobs(signal: Signal, settings: ThrottleSettings): readonly Knob[] {
  const said = settings[signal.id] || NO_LIMITS;
  const own: Knob = {
    name: signal.id,
    value: isOn(signal, settings),
    default: signal.defaultOn,
    meaning: Array.isArray(said.hours)
      ? `${signal.id}: ${said.hours.join(', ')}`
      : 'whether it may hold the pace',
  };
  const limits = Object.entries(signal.limits).map(([limit, byDefault]) => ({
    name: `${signal.id}.${limit}`,
    value: typeof said[limit] === 'number' ? said[limit] : byDefault,
    default: byDefault,
    meaning: `limit of ${signal.id}`,
  }));
  return [own, ...limits];
}

/** The pace with one knob turned. Throws `BELLOWS_KNOB` for a name that is none, and for a value that it does not take. */
export function turnKnob(pace: Pace, name: string, text: string): Pace {
  const general = GENERAL.find((knob) => knob.name === name);
  if (general !== undefined) {
    const turned = general.set(pace, text);
    if (turned === null) throw badValue(name, text, general.takes);
    return turned;
  }
  const [id = '', limit] = name.split('.');
  const signal =
    SWITCHED.some((known) => known.id === id) || Object.hasOwn(pace.throttle, id) ? signalOf(id) : undefined;
  if (signal === undefined || (limit !== undefined && !Object.hasOwn(signal.limits, limit)))
    throw unknownKnob(name, pace);
  const said = pace.throttle[id] || NO_LIMITS;
  const turned = limit === undefined ? switched(signal, said, text) : limited(name, said, limit, text);
  return { ...pace, throttle: { ...pace.throttle, [id]: turned } };
}

type Said = Exclude<ThrottleSettings[string], false>;

/** What these watch has to be declared before. */
const NEEDS: Readonly<Record<string, string>> = { http: 'url', standby_missing: 'names', window: 'hours' };

function switched(signal: Signal, said: Said, text: string): Said {
  if (signal.id === 'window' && !isSwitch(text)) {
    if (parseWindow(text) === null)
      throw badValue('window', text, '"on", "off", or hours: "mon-fri 22:00-06:00 Europe/Berlin"');
    return { hours: [text] };
  }
  if (!isSwitch(text)) throw badValue(signal.id, text, '"on" or "off"');
  const { off: _, ...rest } = said;
  const needs = NEEDS[signal.id];
  if (text === 'on' && needs !== undefined && !(needs in rest)) {
    throw badValue(
      signal.id,
      text,
      `"on" once it is declared: throttle.${signal.id} in bellows.config.ts, before the run begins`,
    );
  }
  return text === 'on' ? rest : { ...rest, off: 1 };
}

function limited(name: string, said: Said, limit: string, text: string): Said {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw badValue(name, text, 'a number from 0');
  return { ...said, [limit]: value };
}

function unknownKnob(name: string, pace: Pace): BellowsError {
  const names = readKnobs(pace).map((knob) => knob.name);
  return knobError(`"${name.slice(0, 80)}" is no knob.`, `Known are: ${names.join(', ')}.`);
}

function badValue(name: string, text: string, takes: string): BellowsError {
  return knobError(`${name} cannot be set to "${text.slice(0, 80)}".`, `It takes ${takes}.`);
}

function knobError(what: string, why: string): BellowsError {
  const next = 'bellows set <id> prints every knob with its value.';
  return new BellowsError('BELLOWS_KNOB', { what, why, left: 'Nothing was changed.', next }, {}, EXIT.usage);
}

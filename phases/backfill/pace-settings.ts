import type { PaceSettings, ThrottleSettings } from '#ports';

/** The knobs with every default filled in. */
export type Pace = Required<PaceSettings>;

/** As many ranges as a worker process walks by itself. */
export const AUTO_CEILING = 4;

/** The run row's `pace`: what is not set has its default. */
export function paceOf(stored: unknown): Pace {
  const value: Readonly<Record<string, unknown>> = isRecord(stored) ? stored : {};
  const number = (key: string) => {
    const found = value[key];
    return typeof found === 'number' && found > 0 ? found : null;
  };
  const auto = value.auto === true;
  const concurrency = number('concurrency') ?? 1;
  return {
    concurrency,
    auto,
    ceiling: number('ceiling') ?? (auto ? AUTO_CEILING : concurrency),
    rest: number('rest') ?? 0,
    targetMs: number('targetMs') ?? 100,
    rowsPerSecond: number('rowsPerSecond'),
    vacuum: value.vacuum !== false,
    throttle: isRecord(value.throttle) ? (value.throttle as ThrottleSettings) : {},
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

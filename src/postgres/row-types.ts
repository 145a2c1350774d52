/**
 * How values of the server become JavaScript values. Given to each client: the driver's global table belongs to the
 * application that we may live in.
 *
 * int8: `number` where it is safe, else string. numeric, interval, date, time and timestamp: the server's text. timestamptz: ISO 8601
 * in UTC with the microseconds kept. Everything else: as the driver does it.
 */
import pg from 'pg';

type Parse = (text: string) => unknown;

const TEXT_ARRAY: number = 1009;

/** `"char"`, name, and the arrays that the driver leaves as text or turns into lossy numbers. */
const PARSERS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [20, integer],
  [1016, array(integer)],
  [1700, String],
  [1231, array(String)],
  [1082, String],
  [1182, array(String)],
  [1114, String],
  [1115, array(String)],
  [1184, isoTime],
  [1185, array(isoTime)],
  [1186, String],
  [1187, array(String)],
  // "char"[], name[], regclass[], regtype[]
  [1002, array(String)],
  [1003, array(String)],
  [2210, array(String)],
  [2211, array(String)],
]);

export const ROW_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) => {
    const own = format === 'binary' ? undefined : PARSERS.get(oid);
    return own ?? pg.types.getTypeParser(oid, format === 'binary' ? 'binary' : 'text');
  },
};

function integer(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** text[] has a parser that the driver keeps: its elements are parsed once more. */
function array(element: Parse): Parse {
  const strings: Parse = pg.types.getTypeParser(TEXT_ARRAY, 'text');
  return (text) => mapDeep(strings(text), element);
}

function mapDeep(value: unknown, element: Parse): unknown {
  if (Array.isArray(value)) return value.map((each) => mapDeep(each, element));
  return typeof value === 'string' ? element(value) : value;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;

/**
 * `2026-03-01 10:00:00.25+01` -> `2026-03-01T09:00:00.25Z`. Text that has no such form (infinity, BC, a DateStyle other than
 * ISO) stays as it is. Offsets may have seconds: local mean times of the 19th century do.
 */
export function isoTime(text: string): string {
  const match = TIME.exec(text);
  if (match === null) return text;
  const [, year, month, day, hour, minute, second, fraction = '', sign, ...offset] = match;
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const [hours = 0, minutes = 0, seconds = 0] = offset.map((part) => Number(part ?? 0));
  const ahead = ((hours * 60 + minutes) * 60 + seconds) * 1000 * (sign === '-' ? -1 : 1);
  return `${new Date(local - ahead).toISOString().slice(0, 19)}${fraction}Z`;
}

/**
 * What says nothing about the schema: psql's guards with a random token, the versions of client and server, and a setting that
 * older servers do not know.
 */
const NOISE =
  /^(\\(un)?restrict\b.*|-- Dumped (from|by) .*|-- PostgreSQL database dump( complete)?|SET transaction_timeout\b.*)$/;

/** A text of pg_dump without its noise, so that it loads by plain SQL and is the same for everybody. */
export function withoutNoise(text: string): string {
  const lines = text.split('\n').filter((line) => !NOISE.test(line));
  return `${lines
    .join('\n')
    .replace(/^(--\n|\s)+(?=\S)/, '')
    .replace(/(--|\s)+$/, '')}\n`;
}

/** How far a run has come since is no difference between schemas. */
const PASSING = /^-- run in flight: /;

/** For comparing: line ends, space at the end of lines, empty lines and noise make no difference. */
export function comparable(text: string): readonly string[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && line !== '--' && !NOISE.test(line) && !PASSING.test(line));
}

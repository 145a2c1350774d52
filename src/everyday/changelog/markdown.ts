import type { ChangelogEntry } from '#core/changelog';

/** The first line of a file that is ours to write again. */
export const CHANGELOG_HEADER =
  '<!-- Written by `bellows changelog --write` from the history of a database: what is changed by hand is lost. -->';

const EVENTS: Readonly<Record<ChangelogEntry['event'], string>> = {
  applied: 'applied',
  adopted: 'taken as applied',
  resolved: 'ended by hand (resolve)',
  rolled_back: '**rolled back**',
};

/** Newest first, under one heading for each day; the same history and files give the same text. */
export function changelogMarkdown(entries: readonly ChangelogEntry[]): string {
  const days = [...new Set(entries.map(dayOf))];
  const sections = days.flatMap((day) => [
    `## ${day}`,
    '',
    ...entries.filter((entry) => dayOf(entry) === day).flatMap(entryLines),
  ]);
  const body = entries.length === 0 ? ['Nothing was applied yet.', ''] : sections;
  return [CHANGELOG_HEADER, '# Database changelog', '', ...body].join('\n');
}

function dayOf({ at }: ChangelogEntry): string {
  return new Date(at).toISOString().slice(0, 10);
}

function entryLines(entry: ChangelogEntry): readonly string[] {
  const time = new Date(entry.at).toISOString().slice(11, 19);
  const description = entry.description === null ? '' : `  \n${escaped(entry.description)}`;
  return [
    `- ${time} UTC ${code(entry.migration)} ${EVENTS[entry.event]}${description.replaceAll('\n', '\n  ')}`,
    ...entry.drops.map((what) => `  - **drops** ${marked(what)}`),
    ...entry.renames.map((what) => `  - **renames** ${marked(what)}`),
    '',
  ];
}

/** `column users.a`: the kind in words, the rest as code. */
function marked(what: string): string {
  const at = what.lastIndexOf(' to ') < 0 ? what.length : what.lastIndexOf(' to ');
  const [, kind = '', name = ''] = /^(.*?)\s(\S.*)$/.exec(what.slice(0, at)) ?? [];
  const to = what.slice(at + 4);
  return `${kind} ${code(name)}${to === '' ? '' : ` to ${code(to)}`}`;
}

function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#|]/g, (character) => `\\${character}`).replaceAll(/\s+/g, ' ');
}

import type { Completed, CompletedOption } from './model.js';

export function fishScript(all: readonly Completed[]): string {
  return `# Completion of bellows for fish: bellows completion fish | source
complete -c bellows -e
complete -c bellows -f
${all.flatMap((one) => [...words(one, all), ...one.options.map((option) => optionLine(one, option)), ...ids(one)]).join('\n')}
`;
}

function words({ path, words: below }: Completed, all: readonly Completed[]): readonly string[] {
  const at =
    path === ''
      ? '__fish_use_subcommand'
      : `${seen(path)}; and not __fish_seen_subcommand_from ${below.join(' ')}`;
  return below.map((word) => {
    const summary = all.find((one) => one.path === `${path} ${word}`.trim())?.summary ?? '';
    return `complete -c bellows -n ${quoted(at)} -a ${word} -d ${quoted(summary)}`;
  });
}

function optionLine({ path }: Completed, { flag, description, value }: CompletedOption): string {
  const when = path === '' ? '' : ` -n ${quoted(seen(path))}`;
  const long = flag.replace(/^--/, '');
  const taken =
    value === 'none'
      ? ''
      : value === 'files'
        ? ' -r -F'
        : value === 'free'
          ? ' -x'
          : ` -x -a ${quoted(value.join(' '))}`;
  return `complete -c bellows${when} -l ${long}${taken} -d ${quoted(description)}`;
}

function ids({ path, ids: takes }: Completed): readonly string[] {
  return takes
    ? [`complete -c bellows -n ${quoted(seen(path))} -a '(bellows completion --ids 2>/dev/null)'`]
    : [];
}

/** Every word of a path was typed. */
function seen(path: string): string {
  return path
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}

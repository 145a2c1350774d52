import type { Completed, CompletedOption } from './model.js';

/** The function `_bellows`, and its registration. No word of it comes from the outside but the ids of migration files. */
export function bashScript(all: readonly Completed[]): string {
  return `# Completion of bellows for bash: source <(bellows completion bash)
${bashFunction(all)}
complete -F _bellows bellows
`;
}

/** In words that bash and zsh's `bashcompinit` both understand; in zsh a variable `path` would be the search path of commands. */
export function bashFunction(all: readonly Completed[]): string {
  const [root] = all;
  const common = root?.options ?? [];
  const takers = [
    ...new Set(all.flatMap(({ options }) => options.filter(takesValue)).map(({ flag }) => flag)),
  ];
  return `_bellows() {
  local cur prev word at i
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  at=""
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      ${takers.join('|')}) i=$((i + 1)); continue ;;
    esac
    case "$at $word" in
${deeper(all)}
    esac
  done
  case "$at|$prev" in
${values(all)}
  esac
  case "$cur" in
    -*)
      case "$at" in
${branches(all, ({ options }) => replied([...options, ...common].map(({ flag }) => flag)))}
      esac
      return ;;
  esac
  case "$at" in
${branches(all, ({ words, ids }) => (ids ? IDS : replied(words)))}
  esac
}`;
}

const IDS = `COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" completion --ids 2>/dev/null)" -- "$cur"))`;

const takesValue = ({ value }: CompletedOption): boolean => value !== 'none';

function replied(words: readonly string[]): string {
  const once = [...new Set(words)];
  return once.length === 0 ? ':' : `COMPREPLY=($(compgen -W "${once.join(' ')}" -- "$cur"))`;
}

function branches(all: readonly Completed[], reply: (one: Completed) => string): string {
  return all.map((one) => `      "${one.path}") ${reply(one)} ;;`).join('\n');
}

function deeper(all: readonly Completed[]): string {
  return all
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      "${path.includes(' ') ? '' : ' '}${path}") at="${path}" ;;`)
    .join('\n');
}

/** What may stand behind an option: the command's own first, then those that every command has. */
function values(all: readonly Completed[]): string {
  const [root, ...others] = all;
  const line = (pattern: string, { flag, value }: CompletedOption) => {
    const reply =
      value === 'files' ? 'COMPREPLY=($(compgen -f -- "$cur"))' : Array.isArray(value) ? replied(value) : ':';
    return `    ${pattern}"|${flag}") ${reply}; return ;;`;
  };
  return [
    ...others.flatMap(({ path, options }) => options.filter(takesValue).map((one) => line(`"${path}"`, one))),
    ...(root?.options ?? []).filter(takesValue).map((one) => line('*', one)),
  ].join('\n');
}

import { bashFunction } from './bash.js';
import type { Completed } from './model.js';

/** zsh runs the function of bash, as it does for many commands. */
export function zshScript(all: readonly Completed[]): string {
  return `#compdef bellows
# Completion of bellows for zsh: source <(bellows completion zsh)
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashFunction(all)}
complete -F _bellows bellows
`;
}

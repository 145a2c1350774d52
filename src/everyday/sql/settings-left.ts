import { isTree, unwrap } from '#parser/parse';
import type { Unit } from './units.js';

/** Whether the session is another one afterwards: a `set search_path` of one file must not decide where the next one's tables go. */
export function leavesSettings(units: readonly Unit[]): boolean {
  return units
    .flatMap(({ statements }) => statements)
    .some(({ node, text }) => {
      const [kind, tree] = unwrap(node);
      if (kind === 'VariableSetStmt') return !(isTree(tree) && tree.is_local === true);
      return (
        /\bset_config\b/i.test(text) || kind === 'LoadStmt' || kind === 'PrepareStmt' || kind === 'ListenStmt'
      );
    });
}

const DOTTED = /^\d+(\.\d+)*$/;

/**
 * Whether a version meets a condition such as `>=42`, `>1.9`, `=v1`. Dotted numbers compare numerically, part by part (1.10
 * is above 1.9); anything else only by `=`. Null: the two cannot be compared.
 */
export function meets(version: string, condition: string): boolean | null {
  const match = /^\s*(>=|>|=)\s*(\S+)\s*$/.exec(condition);
  const [, operator, wanted] = match ?? [];
  if (operator === undefined || wanted === undefined) return null;
  const numeric = DOTTED.test(version) && DOTTED.test(wanted);
  if (operator === '=') return numeric ? compare(version, wanted) === 0 : version === wanted;
  if (!numeric) return null;
  const order = compare(version, wanted);
  return operator === '>=' ? order >= 0 : order > 0;
}

/** BigInt: a build number may be a date and time, or longer than what a number holds. */
function compare(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const [x, y] = [BigInt(left[i] ?? 0), BigInt(right[i] ?? 0)];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

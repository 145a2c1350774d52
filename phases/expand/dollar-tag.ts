/** An expression may hold any text: the tag that quotes a function's body must not occur in it. */
export function dollarTag(body: string): string {
  let tag = '$sync$';
  for (let n = 1; body.includes(tag); n++) tag = `$sync${n}$`;
  return tag;
}

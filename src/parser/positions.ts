/** A place in SQL text, as people and editors count. */
export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters (code points). */
  readonly column: number;
  /** 0-based index into the JavaScript string. */
  readonly offset: number;
}

export function positionAt(sql: string, offset: number): Position {
  const before = sql.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: [...before.slice(lineStart)].length + 1,
    offset,
  };
}

/** The parser's trees count UTF-8 bytes, JavaScript counts UTF-16 units. */
export function byteToOffset(sql: string): (byte: number) => number {
  const length = Buffer.byteLength(sql);
  if (length === sql.length) return (byte) => byte;
  const offsets = new Uint32Array(length + 1);
  let byte = 0;
  let offset = 0;
  for (const character of sql) {
    const bytes = Buffer.byteLength(character);
    offsets.fill(offset, byte, byte + bytes);
    byte += bytes;
    offset += character.length;
  }
  offsets[byte] = offset;
  return (at) => offsets[at] ?? sql.length;
}

/** The parser's errors count code points. */
export function codePointToOffset(sql: string, index: number): number {
  let offset = 0;
  for (let seen = 0; seen < index && offset < sql.length; seen += 1) {
    offset += (sql.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

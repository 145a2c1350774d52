import { describe, expect, it } from 'vitest';
import { BellowsError } from '#core/errors';
import { checksumOfText } from '#core/text-checksum';
import { readSqlMigration } from '#project/sql-file';

const FILE = {
  id: '20240101120000_users',
  version: '20240101120000',
  path: '/p/20240101120000_users.sql',
  file: 'migrations/20240101120000_users.sql',
};
const read = (text: string) => readSqlMigration({ ...FILE, text }, text);
const words = (text: string) => text.trim().replaceAll(/\s+/g, ' ');

function refused(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof BellowsError) return [error.code, error.message, error.text.next ?? ''];
    throw error;
  }
  return expect.fail('it was read');
}

describe('a plain SQL migration', () => {
  it('has an up block and a down block', () => {
    const { up, down } = read('-- migrate:up\ncreate table a ();\n\n-- migrate:down\ndrop table a;\n');
    expect([words(up.text), words(down?.text ?? ''), up.transaction]).toEqual([
      'create table a ();',
      'drop table a;',
      true,
    ]);
  });

  it('keeps every place as it is in the file', () => {
    const source = '-- migrate:up\r\nselect 1;\r\n-- migrate:down\r\nselect 2;\r\n';
    const { up, down } = read(source);
    expect(up.text.indexOf('select 1')).toBe(source.indexOf('select 1'));
    expect(down?.text.indexOf('select 2')).toBe(source.indexOf('select 2'));
    expect(down?.text.split('\n')).toHaveLength(5);
  });

  it('may have an up block alone, or no directive at all', () => {
    expect(words(read('-- migrate:up\nselect 1;').up.text)).toBe('select 1;');
    const all = read('-- a remark\nselect 1;\nselect 2;');
    expect([words(all.up.text), all.down]).toEqual(['-- a remark select 1; select 2;', null]);
  });

  it('may begin with comments of any kind', () => {
    const { up } = read('-- 20240101120000_users.sql\n/* a /* nested */ one */\n\n-- migrate:up\nselect 1;');
    expect(words(up.text)).toBe('select 1;');
  });

  it('says transaction:false of each block', () => {
    const { up, down } = read('--migrate:up transaction:false\nselect 1;\n-- migrate:down\nselect 2;');
    expect([up.transaction, down?.transaction]).toEqual([false, true]);
  });

  it('takes a remark about down blocks for what it is', () => {
    const { up, down } = read(
      '-- Not in production:\n-- migrate:down\n-- drop table users;\n\n-- rather a new file:\nalter table users drop column if exists old;\n',
    );
    expect([up.text.includes('alter table users'), down]).toEqual([true, null]);
  });

  it.each([
    ['-- migrate:down\ndrop table a;', ':1 has a -- migrate:down, and no -- migrate:up.'],
    ['-- migrate:down\n-- drop it\ndrop table a;', ':1 has a -- migrate:down, and no -- migrate:up.'],
    ['-- migrate:down\n-- drop it\n\ndrop table a;', ':1 has a -- migrate:down, and no -- migrate:up.'],
    ['select 1;\n-- migrate:up\nselect 2;', ':2 has statements above -- migrate:up.'],
    ['-- migrate:down\nselect 1;\n-- migrate:up\nselect 2;', ':1 has -- migrate:down above -- migrate:up.'],
    ['-- migrate:up\n-- migrate:up\n', ':2 has a second -- migrate:up.'],
    ['-- migrate:up\nselect 1;\n-- migrate:down\n-- migrate:down\n', ':4 has a second -- migrate:down.'],
    ['-- migrate:up transaction:no\n', ':1 has an option that is not known: transaction:no.'],
    ['-- migrate:up timeout:5\n', ':1 has an option that is not known: timeout:5.'],
    ['  -- migrate:up\nselect 1;', ':1 has a line that looks like a directive and is none.'],
    ['-- migrate: up\nselect 1;', ':1 has a line that looks like a directive and is none.'],
    ['-- MIGRATE:UP\nselect 1;', ':1 has a line that looks like a directive and is none.'],
  ])('%j is refused', (text, what) => {
    const [code, message, next] = refused(text);
    expect([code, message]).toEqual(['BELLOWS_SQL_DIRECTIVE', `${FILE.file}${what}`]);
    expect(next).not.toBe('');
  });

  it('is described by the comment at its top', () => {
    expect(
      read('-- 20240101120000_users.sql\n-- migrate:up\n-- Users\n-- and roles\nselect 1;').description,
    ).toBe('Users and roles');
    expect(read('select 1; -- not this').description).toBeNull();
  });
});

describe('its checksum', () => {
  it('does not see line endings, a byte order mark, or white space at the end', () => {
    const plain = checksumOfText('select 1;\nselect 2;\n');
    expect(checksumOfText('\ufeffselect 1;\r\nselect 2;\r\n\r\n')).toBe(plain);
    expect(checksumOfText('select 1;\nselect 2;')).toBe(plain);
  });

  it('sees everything else', () => {
    expect(checksumOfText('select 1;\n  select 2;')).not.toBe(checksumOfText('select 1;\nselect 2;'));
  });
});

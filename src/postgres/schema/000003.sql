-- Ranges that are not heap blocks: of keys, walked from the upper one down, and of rows that an index gave.
-- lo, hi and cursor count rows then. A range of keys ends at key_to, and its hi is a guess until then.
alter table bellows.ranges
  add column kind text not null default 'blocks' check (kind in ('blocks', 'keys', 'picked')),
  -- A list of name and type; keys are their values as text, null where there is no bound.
  add column key_columns jsonb,
  -- Not included; a batch begins below it.
  add column key_from text[],
  -- Included.
  add column key_to text[],
  add column key_cursor text[],
  add column tids tid[];

-- What the ledger says of a range, added up as the walk goes: each batch adds those before it. A run has millions of batches,
-- and every look at it would otherwise read all of them.
alter table bellows.ranges
  add column rows_moved bigint not null default 0,
  add column rows_left bigint not null default 0,
  -- Up to this batch, which is the last but one; who reads adds what came after it.
  add column summed_to bigint not null default 0;

drop index bellows.batches_of_range;
create index batches_of_range on bellows.batches (range_id, id) include (rows, left_behind);

update bellows.ranges r
set rows_moved = ledger.rows, rows_left = ledger.left_behind, summed_to = ledger.last
from (
  select range_id, sum(rows) as rows, sum(left_behind) as left_behind, max(id) as last
  from bellows.batches
  group by range_id
) as ledger
where r.id = ledger.range_id;

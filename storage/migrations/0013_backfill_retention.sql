-- What retention looks for: backfills by their end.
create index backfill_ended on backfill (ended_at) where ended_at is not null;

-- What retention looks for: runs by their end, with events or logs still there; ticks by status and end.
alter table run add column events_purged boolean not null default false;
alter table run add column logs_purged boolean not null default false;
create index run_ended on run (ended_at) where ended_at is not null;
create index run_events_kept on run (ended_at) where ended_at is not null and not events_purged;
create index run_logs_kept on run (ended_at) where ended_at is not null and not logs_purged;
create index tick_ended on tick (kind, status, ended_at);
-- Run keys of sensors whose runs are gone: a run key makes one run, ever.
create table spent_key (key uuid primary key);

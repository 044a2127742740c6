-- Runs that a run-status sensor was asked about in a tick.
alter table tick add column origin_run_ids json not null default '[]';

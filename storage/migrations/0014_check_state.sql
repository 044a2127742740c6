-- What became of each check, of its asset as a whole ('') or of one partition: the newest run that planned it, by the id of
-- that event, and the newest evaluation.
create table asset_check_state (
  asset_key text not null,
  check_name text not null,
  partition text not null,
  planned bigint,
  planned_run text,
  evaluation bigint,
  primary key (asset_key, check_name, partition)
);
insert into asset_check_state (asset_key, check_name, partition, evaluation)
  select asset_key, check_name, partition, max(id) from asset_check_event group by asset_key, check_name, partition;

-- Conditions are of checks too: '' is the asset itself.
alter table automation_evaluation add column check_name text not null default '';
alter table automation_evaluation drop constraint automation_evaluation_pkey;
alter table automation_evaluation add primary key (location, asset_key, check_name, at, evaluation_id);

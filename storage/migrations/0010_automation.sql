-- Where each automation condition sensor is, and what its newest evaluation asked for that may not be submitted yet.
create table automation (
  location text not null,
  sensor text not null,
  cursor json not null,
  pending json,
  primary key (location, sensor)
);
-- Why something was requested or not: only evaluations that differ from the one before.
create table automation_evaluation (
  location text not null,
  asset_key text not null,
  evaluation_id bigint not null,
  sensor text not null,
  at double precision not null,
  requested integer not null,
  run_ids json not null default '[]',
  root json not null,
  primary key (location, asset_key, at, evaluation_id)
);
create index automation_evaluation_by_id on automation_evaluation (location, evaluation_id);

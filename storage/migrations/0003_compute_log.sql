-- stdout and stderr of steps in a cluster, as the chunks that were sent. On one machine they are files.
create table compute_log (
  run_id text not null,
  log_key text not null,
  stream text not null,
  -- Place of the first byte in the whole stream.
  start bigint not null,
  size integer not null,
  data bytea not null,
  primary key (run_id, log_key, stream, start)
);

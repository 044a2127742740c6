-- What a tick asked of dynamic partitions, and which of these keys changed nothing.
alter table tick add column dynamic_partitions json not null default '[]';

-- Code locations of a cluster, as the operator last saw them. A machine without a cluster has none here.
create table code_location (
  name text primary key,
  namespace text not null,
  object text not null,
  uid text not null,
  generation bigint not null,
  state text not null,
  error json,
  host text,
  port integer,
  image text,
  definitions_hash text,
  template json not null,
  updated_at double precision not null
);

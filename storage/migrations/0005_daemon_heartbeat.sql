-- Which loops of which daemons live, for the page. A loop that works writes its row again and again.
create table daemon_heartbeat (
  type text not null,
  owner text not null,
  at double precision not null,
  error json,
  primary key (type, owner)
);

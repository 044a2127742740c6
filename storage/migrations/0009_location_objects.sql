-- What Job, Schedule and Sensor objects add to a code location, and which of its schedules and sensors they hold.
alter table code_location add column objects json;

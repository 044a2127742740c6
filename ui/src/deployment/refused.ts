/** Words for a location whose newer version does not load. */
export const REFUSED = {
  title: "The newest version does not load; the one before it serves",
  next: "Runs, schedules and sensors go on with the version before. Give the CodeLocation a version that loads, or the one before.",
};

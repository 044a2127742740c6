import { NotFound } from "@dagster-operator/engine";

/** @throws NotFound names those that there are */
export function findLocation<L>(locations: ReadonlyMap<string, L>, name: string): L {
  const location = locations.get(name);
  if (location) return location;
  throw new NotFound(
    "code location",
    name,
    `this workspace has: ${[...locations.keys()].join(", ") || "none"}`,
  );
}

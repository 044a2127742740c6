/** What the page asks of one code location's snapshot, by name instead of by scan. Made once per snapshot hash. */
import type {
  AssetCheckDef,
  AssetDef,
  DefinitionsSnapshot,
  JobDef,
  NodeDef,
  ResourceDef,
  ScheduleDef,
  SensorDef,
} from "@dagster-operator/sdk/internal";

/** A location has one repository, named as Dagster names that of a bare `Definitions`. */
export const REPOSITORY = "__repository__";

export interface AssetNodeModel {
  __typename: "AssetNode";
  /** Path form of the key: the id inside a workspace. */
  id: string;
  def: AssetDef;
  location: LocationIndex;
}
export interface JobModel {
  /** `Pipeline` and `Job` are one thing under two names in Dagster's schema. */
  __typename: "Pipeline";
  def: JobDef;
  location: LocationIndex;
}
export interface ScheduleModel {
  __typename: "Schedule";
  def: ScheduleDef;
  location: LocationIndex;
}
export interface SensorModel {
  __typename: "Sensor";
  def: SensorDef;
  location: LocationIndex;
}
export interface CheckModel {
  __typename: "AssetCheck";
  def: AssetCheckDef;
  location: LocationIndex;
}
export interface ResourceModel {
  __typename: "ResourceDetails";
  def: ResourceDef;
  location: LocationIndex;
}

export interface LocationIndex {
  __typename: "Repository";
  name: string;
  snapshot: DefinitionsSnapshot;
  nodes: Map<string, NodeDef>;
  assets: Map<string, AssetNodeModel>;
  jobs: Map<string, JobModel>;
  schedules: Map<string, ScheduleModel>;
  sensors: Map<string, SensorModel>;
  resources: Map<string, ResourceModel>;
  /** Asset path → names of the jobs that hold it. */
  jobsOfAsset: Map<string, string[]>;
  checksOfAsset: Map<string, CheckModel[]>;
  /** Op or graph name → assets that it computes. */
  assetsOfNode: Map<string, AssetNodeModel[]>;
}

/** `raw/orders` of `["raw", "orders"]`; a slash inside a part is escaped as Dagster does, so that no two keys are one. */
export const assetId = (key: string[]): string => key.map(escaped).join("/");
const escaped = (part: string): string => (/[/\\]/.test(part) ? part.replace(/[/\\]/g, "\\$&") : part);
/** The key back from its path form. */
export function assetKey(id: string): string[] {
  if (!id.includes("\\")) return id.split("/");
  return (id.match(/(?:\\.|[^/\\])+/g) ?? []).map((part) => part.replace(/\\(.)/g, "$1"));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function indexLocation(name: string, snapshot: DefinitionsSnapshot): LocationIndex {
  const location: LocationIndex = {
    __typename: "Repository",
    name,
    snapshot,
    nodes: new Map(snapshot.nodes.map((node) => [node.name, node])),
    assets: new Map(),
    jobs: new Map(),
    schedules: new Map(),
    sensors: new Map(),
    resources: new Map(),
    jobsOfAsset: new Map(),
    checksOfAsset: new Map(),
    assetsOfNode: new Map(),
  };
  for (const def of snapshot.assets) {
    const model: AssetNodeModel = { __typename: "AssetNode", id: assetId(def.key), def, location };
    location.assets.set(model.id, model);
    if (def.node) push(location.assetsOfNode, def.node, model);
  }
  for (const def of snapshot.jobs) {
    location.jobs.set(def.name, { __typename: "Pipeline", def, location });
    if (def.target.kind === "assets")
      for (const key of def.target.assets) push(location.jobsOfAsset, assetId(key), def.name);
  }
  for (const def of snapshot.schedules)
    location.schedules.set(def.name, { __typename: "Schedule", def, location });
  for (const def of snapshot.sensors) location.sensors.set(def.name, { __typename: "Sensor", def, location });
  for (const def of snapshot.resources)
    location.resources.set(def.name, { __typename: "ResourceDetails", def, location });
  for (const def of snapshot.checks)
    push(location.checksOfAsset, assetId(def.asset), { __typename: "AssetCheck", def, location });
  return location;
}

import type { CodeLocationRow, LocationObjects, LocationTemplate } from "@dagster-operator/engine";
import type { CodeLocationSpec } from "@dagster-operator/engine/resources";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { KubeObject } from "../kube/object.ts";
import type { Deployment, Pod } from "../kube/resources.ts";
import { type Condition, mergeConditions } from "../runtime/condition.ts";
import { type Told, tell } from "./conditions.ts";
import { CONTAINER, endpointOf, selectorLabels, TEMPLATE_LABEL } from "./names.ts";
import { troubleOf } from "./trouble.ts";

export interface Counts {
  assets: number;
  jobs: number;
  schedules: number;
  sensors: number;
}

/** What a code server says of its definitions. */
export type Answer = { kind: "loaded"; hash: string; counts: Counts } | { kind: "failed"; error: ErrorInfo };

export interface CodeLocationStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  location?: string;
  state?: CodeLocationRow["state"];
  replicas?: number;
  readyReplicas?: number;
  selector?: string;
  counts?: Counts;
  definitionsHash?: string;
  image?: string;
  imageId?: string;
  servingGeneration?: number;
  endpoint?: string;
  lastLoadError?: string;
}
export interface CodeLocationObject extends KubeObject {
  spec: CodeLocationSpec;
  status?: CodeLocationStatus;
}

export interface Observed {
  object: { name: string; namespace: string; uid: string; generation: number };
  /** Name in the page. */
  location: string;
  spec: CodeLocationSpec;
  status: CodeLocationStatus;
  template: LocationTemplate;
  /** What Job, Schedule and Sensor objects add to it. */
  objects: LocationObjects | null;
  templateHash: string;
  deployment: Deployment | null;
  /** All of the location that are not being deleted. */
  pods: readonly Pod[];
  /** Of the newest version's pods; null while none answers. */
  answer: Answer | null;
  row: CodeLocationRow | null;
  /** ISO 8601. */
  now: string;
}

export interface Decision {
  row: Omit<CodeLocationRow, "updatedAt">;
  status: CodeLocationStatus;
  /** Worth an Event: conditions whose status or reason is new. */
  transitions: Condition[];
}

const MAX_ERROR = 4096;

/** From what is seen of a location: what readers are told of it, in the table and in the object. Pure. */
export function decide(observed: Observed): Decision {
  const { object, spec, status, pods, answer } = observed;
  const fresh = pods.filter(({ metadata }) => metadata.labels?.[TEMPLATE_LABEL] === observed.templateHash);
  const old = pods.filter((pod) => !fresh.includes(pod));
  const freshReady = fresh.filter(isReady);
  const oldReady = old.filter(isReady);
  const loaded = freshReady.length > 0 && answer?.kind === "loaded" ? answer : null;
  const replicas = spec.paused ? 0 : (spec.replicas ?? 1);
  const told: Told = {
    paused: spec.paused === true,
    replicas,
    fresh: freshReady.length,
    pods: pods.length,
    old: old.length,
    oldReady: oldReady.length,
    loaded: loaded?.counts ?? null,
    loadError: answer?.kind === "failed" ? answer.error : null,
    trouble: troubleOf(fresh, observed.deployment),
    servingGeneration: observed.row?.generation ?? null,
  };
  const said = tell(told).map((condition) => ({ ...condition, observedGeneration: object.generation }));
  const conditions = mergeConditions(status.conditions, said, observed.now);
  const row = rowOf(observed, told, loaded, oldReady);
  const counts = loaded?.counts ?? status.counts;
  const serving = loaded ? freshReady[0] : oldReady[0];
  const imageId = serving ? codeServer(serving)?.imageID : status.imageId;
  return {
    row,
    status: {
      observedGeneration: object.generation,
      conditions,
      location: observed.location,
      state: row.state,
      replicas: pods.length,
      readyReplicas: freshReady.length + oldReady.length,
      selector: Object.entries(selectorLabels(object.name))
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      endpoint: `${endpointOf(object).host}:${endpointOf(object).port}`,
      servingGeneration: row.generation,
      ...(row.image !== null && { image: row.image }),
      ...(imageId && { imageId }),
      ...(counts && { counts }),
      ...(row.definitionsHash !== null && { definitionsHash: row.definitionsHash }),
      ...(told.loadError && { lastLoadError: textOf(told.loadError) }),
    },
    transitions: conditions.filter((condition) => {
      const before = status.conditions?.find(({ type }) => type === condition.type);
      return before?.status !== condition.status || before.reason !== condition.reason;
    }),
  };
}

/** The version that serves goes on serving, with its own image for new runs, until a newer one has loaded. */
function rowOf(
  observed: Observed,
  told: Told,
  loaded: Extract<Answer, { kind: "loaded" }> | null,
  oldReady: readonly Pod[],
): Decision["row"] {
  const { object, spec, row: before } = observed;
  const row: Decision["row"] = {
    name: observed.location,
    namespace: object.namespace,
    object: object.name,
    uid: object.uid,
    endpoint: endpointOf(object),
    generation: object.generation,
    image: spec.image ?? null,
    template: observed.template,
    objects: observed.objects,
    state: "STARTING",
    error: null,
    definitionsHash: before?.definitionsHash ?? null,
  };
  const error: ErrorInfo | null =
    told.loadError ?? (told.trouble && { name: told.trouble.reason, message: told.trouble.message });
  if (told.paused) return { ...row, state: "PAUSED", endpoint: null };
  if (loaded) return { ...row, state: "SERVING", definitionsHash: loaded.hash };
  const [pod] = oldReady;
  if (pod) {
    const version = before
      ? { generation: before.generation, image: before.image, template: before.template }
      : { image: pod.spec?.containers?.find(({ name }) => name === CONTAINER)?.image ?? row.image };
    return { ...row, ...version, state: "SERVING", error };
  }
  return error ? { ...row, state: "ERROR", error } : row;
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

export const codeServer = ({ status }: Pod) =>
  status?.containerStatuses?.find(({ name }) => name === CONTAINER);

const textOf = ({ name, message }: ErrorInfo): string => `${name}: ${message}`.slice(0, MAX_ERROR);

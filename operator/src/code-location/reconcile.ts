import { Conflict, type LocationObjects, type LocationStorage } from "@dagster-operator/engine";
import { CodeLocationSpec } from "@dagster-operator/engine/resources";
import type { KubeClient } from "../kube/client.ts";
import { splitKey } from "../kube/object.ts";
import { CODE_LOCATION, type Deployment, type Pod } from "../kube/resources.ts";
import { type Condition, mergeConditions } from "../runtime/condition.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { Informers } from "../runtime/informers.ts";
import { sameJson } from "../runtime/same-json.ts";
import type { PodAnswers } from "./ask-pod.ts";
import type { Children } from "./children.ts";
import type { Reason } from "./conditions.ts";
import {
  type Answer,
  type CodeLocationObject,
  type CodeLocationStatus,
  codeServer,
  decide,
  isReady,
} from "./decide.ts";
import { desired } from "./desired.ts";
import type { EnvironmentChecksums } from "./environment.ts";
import { childName, LOCATION_LABEL, locationName, TEMPLATE_LABEL } from "./names.ts";
import { runTemplate } from "./run-template.ts";

const FINALIZER = "dagster-operator.io/code-location";
/** While a code server loads. Its pod's changes are watched; this is for what no pod tells (ms). */
const LOADING_MS = 2_000;
/** Puts a row right that somebody else changed (ms). */
const RESYNC_MS = 300_000;
const CALM: readonly Reason[] = [
  "Serving",
  "Loaded",
  "Complete",
  "Starting",
  "RollingOut",
  "Paused",
  "NoReplicas",
];

export interface ReconcilerParts {
  client: KubeClient;
  locations: LocationStorage;
  recorder: EventRecorder;
  home: string;
  objects: Informers<CodeLocationObject>;
  deployments: Informers<Deployment>;
  /** What objects of its namespace make of a location. */
  objectsOf: (namespace: string, name: string) => LocationObjects | null;
  podsOf: (key: string) => Pod[];
  answers: PodAnswers;
  checksums: EnvironmentChecksums;
  children: { deployments: Children; services: Children; budgets: Children };
  /** Writes the list of locations where it changed. */
  syncWorkspace: () => Promise<void>;
  now: () => number;
}

/** Brings one CodeLocation's objects, row and status to what its spec asks for. */
export class CodeLocationReconciler {
  readonly #parts: ReconcilerParts;
  /** Newer than the cache, for a while after each write. */
  readonly #written = new Map<string, CodeLocationStatus>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const object = this.#parts.objects.get(key);
    if (object === undefined) return undefined;
    if (object.metadata.deletionTimestamp !== undefined) return await this.#remove(object);
    const parsed = CodeLocationSpec.safeParse(object.spec);
    if (!parsed.success) {
      const issues = parsed.error.issues.map(
        ({ path, message }) => `${path.join(".") || "spec"}: ${message}`,
      );
      return await this.#refuse(object, "InvalidSpec", issues.join("; "));
    }
    const spec = parsed.data;
    if (spec.image === undefined)
      return await this.#refuse(object, "InvalidSpec", "a code location in a cluster needs an image");
    if (spec.language !== "typescript")
      return await this.#refuse(
        object,
        "UnsupportedLanguage",
        `this version of dagster-operator serves typescript, not ${spec.language}`,
      );
    await this.#claim(object);
    return await this.#bring(object, spec);
  }

  async #bring(object: CodeLocationObject, spec: CodeLocationSpec): Promise<ReconcileResult> {
    const { children, checksums, deployments, podsOf, locations, home } = this.#parts;
    const { namespace, name } = splitKey(keyOf(object));
    const owner = { name, namespace, uid: object.metadata.uid ?? "" };
    const wanted = desired(owner, spec, await checksums.of(namespace, spec));
    await children.deployments.ensure(wanted.deployment);
    await children.services.ensure(wanted.service);
    if (wanted.podDisruptionBudget) await children.budgets.ensure(wanted.podDisruptionBudget);
    else await children.budgets.remove(namespace, childName(name));

    const pods = podsOf(keyOf(object)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const fresh = pods.filter(({ metadata }) => metadata.labels?.[TEMPLATE_LABEL] === wanted.templateHash);
    const answer = await this.#ask(fresh);
    const location = locationName(owner, home);
    const before = this.#written.get(owner.uid) ?? object.status ?? {};
    const { row, status, transitions } = decide({
      object: { ...owner, generation: object.metadata.generation ?? 0 },
      location,
      spec,
      status: before,
      template: runTemplate(spec),
      objects: this.#parts.objectsOf(namespace, name),
      templateHash: wanted.templateHash,
      deployment: deployments.get(`${namespace}/${childName(name)}`) ?? null,
      pods,
      answer,
      row: await this.#rowOf(location, owner.uid),
      now: new Date(this.#parts.now()).toISOString(),
    });
    try {
      await locations.put(row, this.#parts.now());
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      return await this.#refuse(object, "NameTaken", error.message);
    }
    await this.#parts.syncWorkspace();
    await this.#tell(object, status, transitions);
    const silent = answer === null && fresh.some((pod) => codeServer(pod)?.state?.running !== undefined);
    return { requeueAfterMs: silent ? LOADING_MS : RESYNC_MS };
  }

  /** A ready pod's answer before another's. */
  async #ask(pods: readonly Pod[]): Promise<Answer | null> {
    for (const pod of [...pods].sort((a, b) => Number(isReady(b)) - Number(isReady(a)))) {
      const answer = await this.#parts.answers.ask(pod);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** Its row; one that a deleted object of the same name left is cleared away. */
  async #rowOf(location: string, uid: string) {
    const row = await this.#parts.locations.get(location);
    if (row === null || row.uid === uid) return row;
    if (!this.#parts.objects.list().some(({ metadata }) => metadata.uid === row.uid))
      await this.#parts.locations.remove(row.name, row.uid);
    return null;
  }

  async #claim(object: CodeLocationObject): Promise<void> {
    const { name, namespace, resourceVersion, finalizers = [] } = object.metadata;
    if (finalizers.includes(FINALIZER)) return;
    await this.#parts.client.merge(CODE_LOCATION, namespace, name, {
      metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] },
    });
  }

  /** Out of the table first, so that nobody asks servers that are going. They go with their owner. */
  async #remove(object: CodeLocationObject): Promise<undefined> {
    const { name, namespace = "", uid = "", resourceVersion, finalizers = [] } = object.metadata;
    if (!finalizers.includes(FINALIZER)) return undefined;
    await this.#parts.locations.remove(locationName({ name, namespace }, this.#parts.home), uid);
    await this.#parts.syncWorkspace();
    await this.#parts.client.merge(CODE_LOCATION, namespace, name, {
      metadata: { resourceVersion, finalizers: finalizers.filter((each) => each !== FINALIZER) },
    });
    this.#written.delete(uid);
    return undefined;
  }

  /** A spec that cannot be followed: what runs goes on as it is. */
  async #refuse(object: CodeLocationObject, reason: Reason, message: string): Promise<undefined> {
    const uid = object.metadata.uid ?? "";
    const observedGeneration = object.metadata.generation ?? 0;
    const before = this.#written.get(uid) ?? object.status ?? {};
    const said = { reason, message, observedGeneration };
    const conditions = mergeConditions(
      before.conditions,
      [
        { type: "Ready", status: "False", ...said },
        { type: "DefinitionsLoaded", status: "Unknown", ...said },
        { type: "Progressing", status: "False", ...said },
      ],
      new Date(this.#parts.now()).toISOString(),
    );
    const known = before.conditions?.some((condition) => condition.reason === reason);
    await this.#tell(object, { ...before, observedGeneration, conditions }, known ? [] : conditions);
    return undefined;
  }

  async #tell(
    object: CodeLocationObject,
    status: CodeLocationStatus,
    transitions: readonly Condition[],
  ): Promise<void> {
    const { name, namespace = "", uid = "" } = object.metadata;
    if (!sameJson(status, object.status))
      await this.#parts.client.applyStatus(CODE_LOCATION, { metadata: { name, namespace }, status });
    this.#written.set(uid, status);
    const byReason = new Map(transitions.map((condition) => [condition.reason, condition]));
    const kind = { ...CODE_LOCATION, ...object };
    for (const { reason, message } of byReason.values())
      await this.#parts.recorder.record(
        kind,
        CALM.includes(reason as Reason) ? "Normal" : "Warning",
        reason,
        message,
      );
  }

  /** For those whose object is gone with no word: the operator was away, or somebody took the finalizer off. */
  async sweep(): Promise<void> {
    const uids = new Set(this.#parts.objects.list().map(({ metadata }) => metadata.uid));
    for (const row of await this.#parts.locations.list())
      if (!uids.has(row.uid)) await this.#parts.locations.remove(row.name, row.uid);
    await this.#parts.syncWorkspace();
  }
}

/** Queue key of the location that a pod, Deployment, … belongs to. */
export function locationKey(object: {
  metadata: { namespace?: string; labels?: Record<string, string> };
}): string | null {
  const name = object.metadata.labels?.[LOCATION_LABEL];
  return name === undefined ? null : `${object.metadata.namespace ?? ""}/${name}`;
}

const keyOf = ({ metadata }: CodeLocationObject) => `${metadata.namespace ?? ""}/${metadata.name}`;

import { isNotFound, type KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import type { Condition } from "../runtime/condition.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import { sameJson } from "../runtime/same-json.ts";
import type { Told } from "./instigator.ts";
import { type DefinitionKind, isMirror, RESOURCES } from "./objects.ts";

interface Status {
  conditions?: Pick<Condition, "type" | "status" | "reason" | "message">[] | undefined;
}

/** Writes status where it changed, and an Event for each transition. */
export class Teller {
  readonly #client: KubeClient;
  readonly #recorder: EventRecorder;
  /** Newer than the cache, for a while after each write. */
  readonly #written = new Map<string, Status>();

  constructor(client: KubeClient, recorder: EventRecorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  /** The object with the status that was written last. */
  latest<T extends KubeObject & { status?: unknown }>(object: T): T {
    const status = this.#written.get(object.metadata.uid ?? "");
    return status ? ({ ...object, status } as T) : object;
  }

  async tell(
    kind: DefinitionKind,
    object: KubeObject & { status?: Status | undefined },
    status: Status,
    events: readonly Told[],
  ): Promise<void> {
    const before = object.status;
    if (sameJson(before, status)) return;
    const { name, namespace = "", uid = "" } = object.metadata;
    try {
      await this.#client.applyStatus(RESOURCES[kind], { metadata: { name, namespace }, status });
    } catch (error) {
      // Deleted meanwhile.
      if (isNotFound(error)) return;
      throw error;
    }
    this.#written.set(uid, status);
    const named = { ...object, ...RESOURCES[kind] };
    for (const { type, reason, message } of [...transitions(object, status), ...events])
      await this.#recorder.record(named, type, reason, message);
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }
}

/** Conditions that are new or otherwise than before. A mirror that is well from its beginning is no news. */
function transitions(object: KubeObject & { status?: Status | undefined }, status: Status): Told[] {
  const before = object.status?.conditions ?? [];
  return (status.conditions ?? []).flatMap((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    if (old?.status === condition.status && old.reason === condition.reason) return [];
    const well = condition.type === "Ready" && condition.status === "True";
    if (well && old === undefined && isMirror(object)) return [];
    return [
      {
        type: well ? ("Normal" as const) : ("Warning" as const),
        reason: condition.reason,
        message: condition.message,
      },
    ];
  });
}

import type { KubeClient } from "../kube/client.ts";
import { POD, type Pod } from "../kube/resources.ts";
import type { WorkerCause } from "./decide.ts";
import { LABEL } from "./job-template.ts";
import {
  goneBy,
  hasStarted,
  startTrouble,
  unreachable,
  vanished,
  type WorkerEnd,
  workerEnd,
} from "./pod-state.ts";
import type { WorkerCache, WorkerView } from "./worker-cache.ts";

export interface SupervisorOptions {
  cache: WorkerCache;
  /** Label value of the workers that it watches. */
  component: string;
  startTimeoutMs: number;
  /** Something that a person would like to know; each once. */
  onNews: (view: WorkerView, news: WorkerNews) => void;
  /** The worker's pod stays, though its node does not answer any more. */
  onAbandoned: (pod: Pod) => void;
  /** Once a worker. */
  onEnd: (view: WorkerView, end: WorkerEnd) => void;
}

export interface WorkerNews {
  level: "INFO" | "WARNING";
  /** Empty: only that it is there. */
  text: string;
  metadata: Record<string, string>;
}

interface Watched {
  uid: string;
  ended: boolean;
  /** We delete it: that is no news. */
  deleting: boolean;
  started: boolean;
  /** As it is now. */
  now: WorkerCause;
  trouble: { cause: string; since: number } | null;
  timer: NodeJS.Timeout | undefined;
}

/** Judges each worker when its Job or pod changes, and when a deadline passes. */
export class Supervisor {
  readonly #o: SupervisorOptions;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#o = options;
    options.cache.onChange((view) => this.#look(view));
    for (const view of options.cache.list()) {
      // What runs already was told by the leader before.
      if (view.pod && !view.podGone && hasStarted(view.pod)) this.#running(this.#watch(view), view.pod);
      this.#look(view);
    }
  }

  hasEnded(key: string): boolean {
    return this.#watched.get(key)?.ended ?? false;
  }

  /** Its pod is about to be deleted by us. */
  deleting(key: string): void {
    const watched = this.#watched.get(key);
    if (watched) watched.deleting = true;
  }

  causeOf(key: string): WorkerCause | null {
    const watched = this.#watched.get(key);
    if (!watched) return null;
    return watched.now;
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#watched.values()) clearTimeout(timer);
  }

  #look(view: WorkerView): void {
    const object = view.job ?? view.pod;
    if (this.#closed || object?.metadata.labels?.[LABEL.component] !== this.#o.component) return;
    const watched = this.#watch(view);
    clearTimeout(watched.timer);
    if (!watched.ended) this.#judge(view, watched);
    if (view.job === null && (view.pod === null || view.podGone)) this.#watched.delete(view.key);
  }

  #watch(view: WorkerView): Watched {
    const uid = view.job?.metadata.uid ?? "";
    const known = this.#watched.get(view.key);
    if (known && (uid === "" || known.uid === "" || known.uid === uid)) {
      known.uid ||= uid;
      return known;
    }
    const watched: Watched = {
      uid,
      ended: false,
      deleting: false,
      started: false,
      now: { cause: "Starting", message: "its pod is not running yet" },
      trouble: null,
      timer: undefined,
    };
    this.#watched.set(view.key, watched);
    return watched;
  }

  #judge(view: WorkerView, watched: Watched): void {
    const { pod } = view;
    if (pod && !view.podGone) this.#progress(view, pod, watched);
    const end = endOf(view, watched.deleting);
    if (end) {
      this.#finish(view, watched, end);
      return;
    }
    const now = Date.now();
    const gone = pod && !view.podGone ? goneBy(pod) : null;
    if (pod && gone !== null) {
      if (now < gone) watched.timer = setTimeout(() => this.#look(view), gone - now);
      else {
        this.#finish(view, watched, unreachable(pod));
        this.#o.onAbandoned(pod);
      }
      return;
    }
    if (watched.started) return;
    const since = Date.parse((view.job ?? pod)?.metadata.creationTimestamp ?? "") || now;
    const trouble = pod && !view.podGone ? startTrouble(pod) : null;
    if (trouble && watched.trouble?.cause !== trouble.cause) {
      watched.trouble = { cause: trouble.cause, since: now };
      watched.now = { cause: trouble.cause, message: trouble.message };
      this.#o.onNews(view, {
        level: "WARNING",
        text: `${trouble.cause}: ${trouble.message}`,
        metadata: { reason: trouble.cause },
      });
    }
    const { startTimeoutMs } = this.#o;
    let due = since + startTimeoutMs;
    if (trouble && watched.trouble) {
      const grace = trouble.terminal ? 0 : (trouble.graceMs ?? Number.POSITIVE_INFINITY);
      due = Math.min(due, watched.trouble.since + grace);
    }
    if (now < due) {
      watched.timer = setTimeout(() => this.#look(view), Math.min(due - now, 2 ** 31 - 1));
      return;
    }
    const patience = `${Math.round((now - since) / 1000)} s after its Job was made`;
    this.#finish(view, watched, {
      reason: "start_failed",
      cause: trouble?.cause ?? "StartTimeout",
      message: trouble
        ? `${trouble.cause}, given up ${patience}: ${trouble.message}`
        : `the worker did not run ${patience}${pod ? ` (pod ${pod.metadata.name} is ${pod.status?.phase ?? "unknown"})` : ": no pod was made, see the Events of the Job"}`,
    });
  }

  #progress(view: WorkerView, pod: Pod, watched: Watched): void {
    const node = pod.spec?.nodeName;
    if (hasStarted(pod) && !watched.started) {
      this.#running(watched, pod);
      const since = Date.parse(view.job?.metadata.creationTimestamp ?? "");
      const after = Number.isNaN(since)
        ? ""
        : `, ${Math.max(0, Math.round((Date.now() - since) / 100) / 10)} s after its Job was made`;
      this.#o.onNews(view, {
        level: "INFO",
        text: `Pod ${pod.metadata.name} runs on node ${node ?? "unknown"}${after}`,
        metadata: { pod: pod.metadata.name, ...(node !== undefined && { node }) },
      });
    } else this.#o.onNews(view, { level: "INFO", text: "", metadata: {} });
  }

  #running(watched: Watched, pod: Pod): void {
    watched.started = true;
    watched.now = { cause: "Running", message: `pod ${pod.metadata.name}` };
  }

  #finish(view: WorkerView, watched: Watched, end: WorkerEnd): void {
    watched.ended = true;
    watched.now = { cause: end.cause, message: end.message };
    this.#o.onEnd(view, end);
  }
}

/**
 * Takes a pod out of the API though nobody has said that its process ended: otherwise it is "Terminating" until its node is back
 * or removed. What it is may go on there, and is fenced.
 */
export function forgetPod(
  client: KubeClient,
  { metadata }: Pod,
  onFault: (what: string, error: unknown) => void,
): void {
  const { namespace, name, uid } = metadata;
  client
    .delete(POD, namespace, name, { gracePeriodSeconds: 0, ...(uid !== undefined && { uid }) })
    .catch((error) =>
      onFault(`pod ${namespace}/${name}, whose node does not answer, cannot be removed`, error),
    );
}

/** The worker's end as far as its Job and pod show it; null while it lives. */
function endOf({ job, pod, podGone }: WorkerView, deleting: boolean): WorkerEnd | null {
  if (pod) {
    return podGone ? vanished(pod, deleting) : workerEnd(pod, deleting);
  }
  if (job === null)
    return { reason: "lost", cause: "Deleted", message: "its Job was deleted before a pod had started" };
  const done = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (!done) return null;
  if (done.type === "Complete")
    return { reason: "completed", cause: "Completed", message: `Job ${job.metadata.name} is complete` };
  return {
    reason: "lost",
    cause: done.reason ?? "JobFailed",
    message: `Job ${job.metadata.name} failed and its pod is gone: ${done.message ?? "no reason is given"}`,
  };
}

import { TableWorkspace } from "@dagster-operator/codeserver/client";
import type { Storage, Workspace } from "@dagster-operator/engine";
import type { KubeClient } from "./kube/client.ts";
import type { KubeObject } from "./kube/object.ts";
import type { OperatorMetrics } from "./metrics.ts";
import type { Controller } from "./runtime/controller.ts";
import { EventRecorder } from "./runtime/event-recorder.ts";
import type { InformerOptions } from "./runtime/informer.ts";
import { Informers } from "./runtime/informers.ts";
import { electLeader } from "./runtime/leader-election.ts";

/** The functions of a logger that the operator uses; pino is one. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface OperatorOptions {
  client: KubeClient;
  storage: Storage;
  metrics: OperatorMetrics;
  log: Log;
  /** Default: that of the table `code_location`. */
  workspace?: Workspace | undefined;
  /** Where the operator lives: its Lease and the workspace ConfigMap are here. */
  namespace: string;
  /** null: all. */
  watchNamespaces: readonly string[] | null;
  leaseName: string;
  /** Unique among the candidates: the pod's name. */
  identity: string;
}

/** What a part is made with. */
export interface PartContext extends Omit<OperatorOptions, "leaseName"> {
  /** Which installation this is, in its cluster: what carries another's name is not ours. */
  installation: string;
  workspace: Workspace;
  recorder: EventRecorder;
  /**
   * A cache of the watched namespaces that is filled before anything is reconciled, in standby too. Parts that ask for a whole
   * collection share one.
   */
  informers<T extends KubeObject>(
    options: Omit<InformerOptions<T>, "client" | "namespace" | "onFault">,
  ): Informers<T>;
}

/** One kind or concern of the operator. */
export interface Part {
  /** Run while this process leads. */
  controllers: Controller[];
  /** Beside them, from the moment that this process leads until `signal` aborts. */
  lead?(signal: AbortSignal): Promise<void>;
}
export type MakePart = (context: PartContext) => Part;

export interface Operator {
  /** Every cache is filled. */
  ready(): boolean;
  leads(): boolean;
  /**
   * Follows the cluster, and reconciles while it leads. Resolves once `signal` aborted and all work ended.
   * @throws Error the leadership was lost: end the process, so that nothing of the term lives on
   */
  run(signal: AbortSignal): Promise<void>;
}

/** The operator from its parts; a part is a list of controllers and what feeds them. */
export function compose(options: OperatorOptions, parts: readonly MakePart[]): Operator {
  const { client, metrics, log } = options;
  const caches: Informers<KubeObject>[] = [];
  const shared = new Map<string, Informers<KubeObject>>();
  const workspace =
    options.workspace ??
    new TableWorkspace({
      storage: options.storage,
      onFault: (error) => log.warn({ error }, "code locations could not be read"),
    });
  const recorder = new EventRecorder(client, options.identity, (error) =>
    log.warn({ error }, "an Event could not be written"),
  );
  const context: PartContext = {
    installation: `${options.namespace}/${options.leaseName}`,
    ...options,
    workspace,
    recorder,
    informers<T extends KubeObject>(wanted: Omit<InformerOptions<T>, "client" | "namespace" | "onFault">) {
      const whole = Object.keys(wanted).length === 1 ? wanted.resource.plural : null;
      const known = whole === null ? undefined : shared.get(`${wanted.resource.apiVersion} ${whole}`);
      if (known) return known as unknown as Informers<T>;
      const cache = new Informers<T>(options.watchNamespaces, {
        ...wanted,
        client,
        onFault: (error, retryMs) => {
          metrics.watchBroke(wanted.resource.plural);
          log.warn({ error, resource: wanted.resource.plural, retryMs }, "a watch broke and is tried again");
        },
      });
      const any = cache as unknown as Informers<KubeObject>;
      caches.push(any);
      if (whole !== null) shared.set(`${wanted.resource.apiVersion} ${whole}`, any);
      return cache;
    },
  };
  const made = parts.map((make) => make(context));
  let synced = false;
  let leads = false;

  async function lead(signal: AbortSignal): Promise<void> {
    leads = true;
    metrics.leading(true);
    log.info({ identity: options.identity }, "leading");
    try {
      await Promise.all(
        made.flatMap((part) => [
          ...part.controllers.map((controller) => controller.run(signal)),
          ...(part.lead ? [part.lead(signal)] : []),
        ]),
      );
    } finally {
      leads = false;
      metrics.leading(false);
    }
  }

  return {
    ready: () => synced,
    leads: () => leads,
    async run(signal) {
      const ended = new AbortController();
      const watching = Promise.all(caches.map((cache) => cache.run(AbortSignal.any([signal, ended.signal]))));
      const all = Promise.all(caches.map((cache) => cache.synced));
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([all, aborted]);
      synced = !signal.aborted;
      const term = new AbortController();
      try {
        await electLeader(
          {
            client,
            namespace: options.namespace,
            name: options.leaseName,
            identity: options.identity,
            onFault: (error) => log.warn({ error }, "the Lease could not be read or written"),
          },
          async (own) => {
            await lead(own);
            // Queues are closed and caches of the term are stale: one process leads once.
            if (!signal.aborted) term.abort();
          },
          AbortSignal.any([signal, term.signal]),
        );
      } finally {
        ended.abort();
        await watching;
        if (options.workspace === undefined) await workspace.close();
      }
      if (!signal.aborted) throw new Error("the leadership was lost");
    },
  };
}

import type { KubeClient } from "../kube/client.ts";
import { isConflict } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";

const LEASE: Resource = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };

interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string | null;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface ElectionOptions {
  client: KubeClient;
  namespace: string;
  /** Name of the Lease. */
  name: string;
  /** This process, unique among the candidates: the pod's name. */
  identity: string;
  /** How long a silent leader is believed to live. Default 8 s. */
  leaseMs?: number;
  /** How often the leader renews, and a candidate looks. Default 2 s. */
  intervalMs?: number;
  onFault?: (error: unknown) => void;
}

/**
 * Runs `lead` while this process holds the Lease, and only then. The leader counts its own lease from before each renewal
 * was sent, and a candidate counts from when it saw a renewal arrive, each on its own monotonic clock: so the old leader has
 * stopped before a new one may start, whatever the clocks of the machines say. `lead`'s signal aborts when the lease is lost.
 */
export async function electLeader(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { leaseMs = 8_000, intervalMs = 2_000, onFault } = options;
  const candidate = new Candidate(options, leaseMs);
  while (!signal.aborted) {
    const heldSince = await candidate.tryHold().catch((error) => {
      onFault?.(error);
      return null;
    });
    if (heldSince === null) {
      await pause(intervalMs, signal);
      continue;
    }
    const lost = new AbortController();
    const leading = lead(AbortSignal.any([signal, lost.signal]));
    let until = heldSince + leaseMs;
    const renewals = (async () => {
      for (;;) {
        await pause(
          Math.min(intervalMs, Math.max(0, until - performance.now())),
          AbortSignal.any([signal, lost.signal]),
        );
        if (signal.aborted || lost.signal.aborted) return;
        // Half an interval before the lease ends it stops by itself: a request that hangs must not outlive it.
        if (performance.now() > until - intervalMs / 2)
          return lost.abort(new Error("the lease ran out before it could be renewed"));
        try {
          const renewed = await Promise.race([
            candidate.tryHold(),
            pause(until - intervalMs / 2 - performance.now(), signal).then(() => null),
          ]);
          if (renewed !== null) until = renewed + leaseMs;
          else if (candidate.lostToOther) return lost.abort(new Error("another process holds the lease"));
        } catch (error) {
          onFault?.(error);
        }
      }
    })();
    await leading.finally(() => lost.abort(new Error("leading ended")));
    await renewals;
    if (signal.aborted) await candidate.release().catch((error) => onFault?.(error));
  }
}

class Candidate {
  readonly #options: ElectionOptions;
  readonly #leaseMs: number;
  /** Last state of the Lease that was seen, and when on our clock. */
  #seen = { version: "", at: 0 };
  lostToOther = false;

  constructor(options: ElectionOptions, leaseMs: number) {
    this.#options = options;
    this.#leaseMs = leaseMs;
  }

  /** Takes or renews the Lease. Resolves with the monotonic time from before the request, or null when another holds it. */
  async tryHold(): Promise<number | null> {
    const { client, namespace, name, identity } = this.#options;
    const before = performance.now();
    const now = microTime();
    const current = await client.find<Lease>(LEASE, namespace, name);
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseMs / 1000),
      renewTime: now,
    };
    try {
      if (current === null) {
        await client.create<Lease>(LEASE, {
          metadata: { name, namespace },
          spec: { ...spec, acquireTime: now, leaseTransitions: 0 },
        });
        this.lostToOther = false;
        return before;
      }
      const holder = current.spec.holderIdentity;
      const version = current.metadata.resourceVersion ?? "";
      if (holder && holder !== identity) {
        this.lostToOther = true;
        if (version !== this.#seen.version) this.#seen = { version, at: performance.now() };
        const duration = (current.spec.leaseDurationSeconds ?? 0) * 1000;
        if (performance.now() - this.#seen.at < duration) return null;
      }
      const taken =
        holder === identity
          ? {}
          : { acquireTime: now, leaseTransitions: (current.spec.leaseTransitions ?? 0) + 1 };
      // Replace carries the version that was read: of two who take it at once, one gets a conflict.
      await client.replace<Lease>(LEASE, { ...current, spec: { ...current.spec, ...spec, ...taken } });
      this.lostToOther = false;
      return before;
    } catch (error) {
      if (isConflict(error)) return null;
      throw error;
    }
  }

  /** Lets the Lease go, so that a standby need not wait for it to run out. */
  async release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const current = await client.find<Lease>(LEASE, namespace, name);
    if (current?.spec.holderIdentity !== identity) return;
    await client.replace<Lease>(LEASE, {
      ...current,
      spec: { ...current.spec, holderIdentity: "", leaseDurationSeconds: 1 },
    });
  }
}

const microTime = () => new Date().toISOString().replace("Z", "000Z");

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

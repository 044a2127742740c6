import { systemClock } from "@dagster-operator/engine";
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
  /** How long a silent leader is believed to live. Default 7 s: then another one leads within 9 s. */
  leaseMs?: number;
  /** How often the leader renews, and a candidate looks. Default 1.5 s. */
  intervalMs?: number;
  onFault?: (error: unknown) => void;
}

/**
 * Runs `lead` while this process holds the Lease, and only then. The leader counts its own lease from before each renewal
 * was sent, and a candidate counts from when it saw a renewal arrive, each on its own monotonic clock: so the old leader has
 * stopped before a new one may start, whatever the clocks of the machines say. `lead`'s signal aborts when the lease is lost.
 *
 * The Lease is asked for over connections of its own, so that it waits for no other request, and no question outlives the
 * lease that it is about. A write is never abandoned: it could arrive after the Lease was let go.
 */
export async function electLeader(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { leaseMs = 7_000, intervalMs = 1_500, onFault } = options;
  // To ask is two requests: both end before the lease does, with some time left for another try.
  const client = options.client.apart({ tries: 1, timeoutMs: leaseMs / 3 });
  const candidate = new Candidate({ ...options, client }, leaseMs);
  // Half an interval before the lease ends its holder stops by itself.
  const usableMs = leaseMs - intervalMs / 2;
  try {
    while (!signal.aborted) {
      const heldSince = await candidate.tryHold(signal).catch((error) => {
        if (!signal.aborted) onFault?.(error);
        return null;
      });
      if (signal.aborted) break;
      if (heldSince === null || performance.now() >= heldSince + usableMs) {
        await systemClock.sleep(Math.min(intervalMs, candidate.freeInMs), signal);
        continue;
      }
      const lost = new AbortController();
      const ended = AbortSignal.any([signal, lost.signal]);
      const leading = lead(ended).finally(() => lost.abort(new Error("leading ended")));
      await Promise.all([leading, keep(heldSince, lost, ended)]);
    }
  } finally {
    await candidate.release().catch((error) => onFault?.(error));
    client.close();
  }

  /** Renews until `ended`, and sees to it that `lost` aborts in time. */
  async function keep(heldSince: number, lost: AbortController, ended: AbortSignal): Promise<void> {
    const expire = () => lost.abort(new Error("the lease ran out before it could be renewed"));
    let expiry = setTimeout(expire, heldSince + usableMs - performance.now());
    for (;;) {
      await systemClock.sleep(intervalMs, ended);
      if (ended.aborted) break;
      try {
        const renewed = await candidate.tryHold(ended);
        if (renewed !== null) {
          clearTimeout(expiry);
          expiry = setTimeout(expire, renewed + usableMs - performance.now());
        } else if (candidate.lostToOther) lost.abort(new Error("another process holds the lease"));
      } catch (error) {
        if (!ended.aborted) onFault?.(error);
      }
    }
    clearTimeout(expiry);
  }
}

class Candidate {
  readonly #options: ElectionOptions;
  readonly #leaseMs: number;
  /** Last state of the Lease that was seen, and when on our clock. */
  #seen = { version: "", at: 0 };
  lostToOther = false;
  /** When the Lease of another that was seen last is over, if it is not renewed. */
  freeInMs = Number.POSITIVE_INFINITY;

  constructor(options: ElectionOptions, leaseMs: number) {
    this.#options = options;
    this.#leaseMs = leaseMs;
  }

  /**
   * Takes or renews the Lease. Resolves with the monotonic time from before the request, or null when another holds it.
   * `signal` ends it before it writes, not while it does.
   */
  async tryHold(signal: AbortSignal): Promise<number | null> {
    const { client, namespace, name, identity } = this.#options;
    this.freeInMs = Number.POSITIVE_INFINITY;
    const before = performance.now();
    const now = microTime();
    const current = await client.find<Lease>(LEASE, namespace, name, signal);
    signal.throwIfAborted();
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseMs / 1000),
      renewTime: now,
    };
    try {
      if (current === null) {
        const first = { ...spec, acquireTime: now, leaseTransitions: 0 };
        await client.create<Lease>(LEASE, { metadata: { name, namespace }, spec: first });
        this.lostToOther = false;
        return before;
      }
      const holder = current.spec.holderIdentity;
      const version = current.metadata.resourceVersion ?? "";
      if (holder && holder !== identity) {
        this.lostToOther = true;
        if (version !== this.#seen.version) this.#seen = { version, at: performance.now() };
        const duration = (current.spec.leaseDurationSeconds ?? 0) * 1000;
        this.freeInMs = Math.ceil(this.#seen.at + duration - performance.now());
        if (this.freeInMs > 0) return null;
      }
      const taken =
        holder === identity
          ? {}
          : { acquireTime: now, leaseTransitions: (current.spec.leaseTransitions ?? 0) + 1 };
      // Replace carries the version that was read: of two who take it at once, one gets a conflict.
      const mine = { ...current, spec: { ...current.spec, ...spec, ...taken } };
      await client.replace<Lease>(LEASE, mine);
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

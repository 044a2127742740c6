import { HttpCodeLocation } from "@dagster-operator/codeserver/client";
import { LoadError, Unavailable } from "@dagster-operator/engine";
import type { Pod } from "../kube/resources.ts";
import { type Answer, codeServer } from "./decide.ts";
import { PORT } from "./names.ts";

const TIMEOUT_MS = 5_000;
const MAX_KNOWN = 4096;

/**
 * Asks code servers by their pods' own addresses, so also those that are not ready. What a process loaded does not change
 * while it lives, so each container is asked until it has answered once.
 */
export class PodAnswers {
  readonly #known = new Map<string, Answer>();
  readonly #address: (pod: Pod) => { host: string; port: number } | null;

  constructor(address: (pod: Pod) => { host: string; port: number } | null = podAddress) {
    this.#address = address;
  }

  /** null: it does not run, or is still loading. */
  async ask(pod: Pod): Promise<Answer | null> {
    const container = codeServer(pod);
    const address = this.#address(pod);
    if (!container?.state?.running || !container.containerID || address === null) return null;
    const known = this.#known.get(container.containerID);
    if (known) return known;
    const answer = await question(address);
    if (answer === null) return null;
    this.#known.set(container.containerID, answer);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return answer;
  }
}

const podAddress = ({ status }: Pod) => (status?.podIP ? { host: status.podIP, port: PORT } : null);

async function question(address: { host: string; port: number }): Promise<Answer | null> {
  const code = new HttpCodeLocation(address, { timeoutMs: TIMEOUT_MS });
  try {
    const { hash, assets, jobs, schedules, sensors } = await code.definitions();
    return {
      kind: "loaded",
      hash,
      counts: {
        assets: assets.length,
        // The job of all assets is made by the page, not by a person.
        jobs: jobs.filter(({ name }) => !name.startsWith("__")).length,
        schedules: schedules.length,
        sensors: sensors.length,
      },
    };
  } catch (error) {
    if (error instanceof LoadError) return { kind: "failed", error: error.error };
    if (error instanceof Unavailable) return null;
    throw error;
  } finally {
    code.close();
  }
}

/** The cluster that a case measures on: one of e2e/cluster/up.sh, where this machine is the node. */
import { existsSync } from "node:fs";
import { KubeClient } from "../../operator/src/kube/client.ts";
import { loadConfig } from "../../operator/src/kube/config.ts";

const DEFAULT = "/var/tmp/dagster-operator-cluster/admin.kubeconfig";

/** Null, with a word on what is missing, where there is none. Sets $KUBECONFIG for what follows. */
export async function cluster(name: string): Promise<KubeClient | null> {
  const path = process.env.KUBECONFIG ?? DEFAULT;
  const missing = (what: string) => {
    console.error(
      `${name}: left out, ${what}; \`bash e2e/cluster/up.sh\` brings a cluster up on this machine`,
    );
    return null;
  };
  if (!existsSync(path)) return missing(`there is no cluster (no file ${path})`);
  process.env.KUBECONFIG = path;
  const client = new KubeClient(loadConfig(), { qps: 2000, burst: 2000 });
  try {
    await client.apart({ tries: 1, timeoutMs: 5_000 }).request({ method: "GET", path: "/version" });
    return client;
  } catch (error) {
    return missing(`its API server does not answer (${(error as Error).message})`);
  }
}

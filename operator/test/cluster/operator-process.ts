/** Process of its own: an operator with the run part alone. Tells its parent when it leads. */
import { openStorage } from "@dagster-operator/storage";
import { compose } from "../../src/compose.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { OperatorMetrics } from "../../src/metrics.ts";
import { emptyConfig } from "../../src/run/merge/k8s-config.ts";
import { runPart } from "../../src/run/part.ts";

const [server = "", databaseUrl = "", namespace = "", runApiUrl = "", identity = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("disconnect", () => process.exit(1));
const client = new KubeClient({ ...loadConfig(), server });
const storage = await openStorage(databaseUrl, { producer: `operator:${identity}` });
const told = (fields: Record<string, unknown>, message: string) =>
  console.error(`${identity}: ${message} ${fields.error ?? ""}`);
const operator = compose(
  {
    client,
    storage,
    metrics: new OperatorMetrics(),
    log: {
      info: (_, message) => {
        if (message === "leading") process.send?.("leads");
      },
      warn: process.env.VERBOSE ? told : () => undefined,
      error: process.env.VERBOSE ? told : () => undefined,
    },
    namespace,
    watchNamespaces: [namespace],
    leaseName: "operator",
    identity,
  },
  [runPart({ runApiUrl, launcher: emptyConfig() })],
);
try {
  await operator.run(stop.signal);
  await storage.close();
} finally {
  // As main.ts: what lost its lead ends, and whoever runs it starts it again.
  process.exit(stop.signal.aborted ? 0 : 1);
}

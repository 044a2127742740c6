/** Process of its own: a candidate for the Lease that its arguments name. Tells its parent when it leads and when not. */
import { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { electLeader } from "../../src/runtime/leader-election.ts";

const [namespace = "", identity = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
await electLeader(
  { client: new KubeClient(loadConfig()), namespace, name: "election", identity },
  (signal) =>
    new Promise<void>((resolve) => {
      process.send?.("leads");
      signal.addEventListener("abort", () => {
        process.send?.("stopped");
        resolve();
      });
    }),
  stop.signal,
);
process.exit(0);

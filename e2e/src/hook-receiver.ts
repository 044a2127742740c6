/** A pod that takes webhooks and prints each as a line: wherever the cluster is, the system's pods reach it. */
import { randomBytes } from "node:crypto";
import { eventually, kubectl, list } from "./command.ts";
import { WEATHER_IMAGE } from "./release.ts";

export interface Delivery {
  headers: Record<string, string>;
  body: string;
}

const SERVER = `require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (data) => (body += data));
  request.on("end", () => {
    console.log(JSON.stringify({ headers: request.headers, body }));
    response.end();
  });
}).listen(8080);`;

export class HookReceiver {
  readonly namespace = `e2e-hook-${randomBytes(3).toString("hex")}`;
  /** As pods reach it. */
  url = "";

  async open(): Promise<void> {
    await kubectl(["create", "namespace", this.namespace]);
    const container = {
      name: "receiver",
      image: WEATHER_IMAGE,
      imagePullPolicy: "IfNotPresent",
      command: ["node", "-e", SERVER],
    };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "receiver", namespace: this.namespace },
      spec: { terminationGracePeriodSeconds: 0, containers: [container] },
    };
    await kubectl(["apply", "-f", "-"], JSON.stringify(pod));
    await kubectl(["-n", this.namespace, "wait", "--for=condition=Ready", "pod/receiver", "--timeout=150s"]);
    const [{ status } = { status: {} }] = await list(this.namespace, "pods");
    this.url = `http://${status.podIP}:8080/hook`;
  }

  /** The first delivery of this run, once it is there. */
  async deliveryOf(runId: string): Promise<Delivery> {
    return eventually(
      async () => {
        const log = await kubectl(["-n", this.namespace, "logs", "receiver"]);
        const all = log
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Delivery);
        return all.find(({ body }) => body.includes(runId)) ?? null;
      },
      { name: `the webhook of run ${runId}` },
    );
  }

  async close(): Promise<void> {
    await kubectl(["delete", "namespace", this.namespace, "--timeout=150s"]);
  }
}

/** Programs of the machine as a person calls them. */
import { type ChildProcess, spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(homedir(), ".cache/dagster-operator/kube");

/** kubectl and helm of e2e/cluster, and the cluster that it started, unless KUBECONFIG names another. */
const ENV = {
  ...process.env,
  PATH: `${process.env.KUBE_BIN ?? BIN}:${process.env.PATH}`,
  KUBECONFIG: process.env.KUBECONFIG ?? "/var/tmp/dagster-operator-cluster/admin.kubeconfig",
};

/** Its standard output. @throws Error with what it said, when it ends with anything but 0 */
export async function command(program: string, args: string[], input = ""): Promise<string> {
  const child = spawn(program, args, { env: ENV, stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let error = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (error += data));
  // One that ends without reading it all says so by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${out}${error}`);
  return out;
}
/** A program that goes on, and the first thing that it says. @throws Error it ended before */
export async function firstLine(
  program: string,
  args: string[],
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(program, args, { env: ENV, stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${program} ${args.join(" ")} ended with ${code}`)));
    child.stdout.once("data", (data) => resolve(String(data)));
  });
  return { child, line };
}

export const kubectl = (args: string[], input = "") => command("kubectl", args, input);
export const helm = (args: string[], input = "") => command("helm", args, input);

/** Objects as kubectl lists them. */
export interface KubeItem {
  metadata: {
    name: string;
    uid: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  data?: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: another one for each kind
  spec?: any;
  // biome-ignore lint/suspicious/noExplicitAny: another one for each kind
  status?: any;
}
export async function list(namespace: string, kind: string, selector = ""): Promise<KubeItem[]> {
  const args = ["-n", namespace, "get", kind, "-o", "json", ...(selector ? ["-l", selector] : [])];
  return (JSON.parse(await kubectl(args)) as { items: KubeItem[] }).items;
}

/** Asks again until `what` gives something. @throws Error after `seconds`, with what was seen last */
export async function eventually<T>(
  what: () => Promise<T | null | undefined | false>,
  { seconds = 150, every = 100, name = "it" } = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = "";
  for (;;) {
    try {
      const found = await what();
      if (found) return found;
    } catch (error) {
      last = `: ${(error as Error).message}`;
    }
    if (Date.now() > deadline) throw new Error(`${name} did not happen in ${seconds} s${last}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

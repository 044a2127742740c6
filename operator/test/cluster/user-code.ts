/**
 * User code in a pod without an image of it: a ConfigMap holds the code, and Node and this repository are mounted from the
 * node, which is this machine. Needs `tsc -b codeserver`.
 */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { CodeLocationObject } from "../../src/code-location/decide.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { CODE_LOCATION, CONFIG_MAP } from "../../src/kube/resources.ts";

const REPOSITORY = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
const NODE = dirname(realpathSync(process.execPath));
export const PAUSE = "localhost/pause:1";

const hostPaths = { usr: "/usr", lib: "/lib", lib64: "/lib64", repository: REPOSITORY, node: NODE };
const mounts = {
  usr: "/usr",
  lib: "/lib",
  lib64: "/lib64",
  repository: "/opt/dagster-operator",
  node: "/node",
};

export const assets = (...names: string[]): string =>
  `import { asset, Definitions } from "@dagster-operator/sdk";
export default new Definitions({ assets: [${names.map((name) => `asset("${name}", {}, () => 1)`).join(", ")}] });`;

/** Spec of a location whose code is the key `definitions.mjs` of that ConfigMap. */
export function specOf(configMap: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    image: PAUSE,
    imagePullPolicy: "Never",
    file: "/code/definitions.mjs",
    podSecurityContext: { runAsUser: 1000 },
    env: [{ name: "PATH", value: "/node" }],
    volumes: [
      { name: "code", configMap: { name: configMap } },
      ...Object.entries(hostPaths).map(([name, path]) => ({ name, hostPath: { path } })),
    ],
    volumeMounts: [
      { name: "code", mountPath: "/code", readOnly: true },
      ...Object.entries(mounts).map(([name, mountPath]) => ({ name, mountPath, readOnly: true })),
    ],
    ...more,
  };
}

export const putCode = (client: KubeClient, namespace: string, name: string, code: string) =>
  client.apply(CONFIG_MAP, { metadata: { name, namespace }, data: { "definitions.mjs": code } });

export const putLocation = (
  client: KubeClient,
  namespace: string,
  name: string,
  spec: Record<string, unknown>,
): Promise<CodeLocationObject> =>
  client.request({
    method: "PATCH",
    path: `/apis/${CODE_LOCATION.apiVersion}/namespaces/${namespace}/codelocations/${name}`,
    query: { fieldManager: "test", force: true },
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: CODE_LOCATION.apiVersion,
      kind: CODE_LOCATION.kind,
      metadata: { name, namespace },
      spec,
    },
  });

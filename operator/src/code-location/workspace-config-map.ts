import { stringify } from "yaml";
import type { KubeClient } from "../kube/client.ts";
import { CONFIG_MAP } from "../kube/resources.ts";
import type { CodeLocationObject } from "./decide.ts";
import { endpointOf, locationName, MANAGED_BY } from "./names.ts";

export const WORKSPACE_CONFIG_MAP = "dagster-workspace-yaml";

/** `workspace.yaml` in Dagster's shape, of the locations that are not being deleted. Pure. */
export function workspaceYaml(locations: readonly CodeLocationObject[], home: string): string {
  const servers = locations
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => {
      const object = { name: metadata.name, namespace: metadata.namespace ?? home };
      const { host, port } = endpointOf(object);
      return { grpc_server: { host, port, location_name: locationName(object, home) } };
    })
    .sort((a, b) => (a.grpc_server.location_name < b.grpc_server.location_name ? -1 : 1));
  return stringify({ load_from: servers });
}

/** Writes the ConfigMap for people and for Dagster's own tools; the processes here read the table. */
export async function writeWorkspace(client: KubeClient, home: string, yaml: string): Promise<void> {
  await client.apply(CONFIG_MAP, {
    metadata: { name: WORKSPACE_CONFIG_MAP, namespace: home, labels: { ...MANAGED_BY } },
    data: { "workspace.yaml": yaml },
  });
}

/** The charts as a person renders them. */
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { helm, kubectl, ROOT } from "./command.ts";

export const DAGSTER = join(ROOT, "charts/dagster");
export const USER_CODE = join(ROOT, "charts/dagster-user-deployments");

// biome-ignore lint/suspicious/noExplicitAny: manifests of any kind
export type Manifest = any;

/** A dry run on the server needs the kinds there. */
export async function installKinds(): Promise<void> {
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", join(DAGSTER, "crds")]);
}

export async function render(chart: string, values: unknown = {}): Promise<Manifest[]> {
  const flags = ["--kube-version", "1.34.0", "-n", "data", "-f", "-"];
  const text = await helm(["template", "rel", chart, ...flags], stringify(values));
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
}

/** What a person reads after the install. */
export async function notes(chart: string, values: unknown): Promise<string> {
  const flags = ["--dry-run=client", "-n", "data", "-f", "-"];
  const text = await helm(["install", "rel", chart, ...flags], stringify(values));
  return text.split("\nNOTES:\n")[1] ?? "";
}

export const find = (manifests: Manifest[], kind: string, name: string) =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name);

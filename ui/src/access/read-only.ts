import { Access } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";

/** Why nothing can be changed through this server; null where it can. */
export function useReadOnly(): string | null {
  const { data } = useGraphQL(Access, {}, { every: 60_000 });
  const launching = data?.permissions.find(({ permission }) => permission === "launch_pipeline_execution");
  return launching?.value === false ? (launching.disabledReason ?? "This server is read-only.") : null;
}

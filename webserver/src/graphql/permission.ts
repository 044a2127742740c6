/** Whoever reaches this server may do everything that it can: there are no roles yet, but a server may be read-only. */
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { READ_ONLY } from "./read-only.ts";

const PERMISSIONS = [
  "launch_pipeline_execution",
  "launch_pipeline_reexecution",
  "start_schedule",
  "stop_running_schedule",
  "edit_sensor",
  "update_sensor_cursor",
  "terminate_pipeline_execution",
  "delete_pipeline_run",
  "reload_repository_location",
  "reload_workspace",
  "wipe_assets",
  "report_runless_asset_events",
  "edit_dynamic_partitions",
  "toggle_auto_materialize",
  "edit_concurrency_limit",
  "launch_partition_backfill",
  "cancel_partition_backfill",
];
/** The page then shows no control for them. */
const DENIED = ["edit_workspace"];
interface PermissionModel {
  permission: string;
  value: boolean;
  disabledReason: string | null;
}
export const permissions = (_of: unknown, _args: unknown, { instance }: Context): PermissionModel[] => [
  ...PERMISSIONS.map((permission) => ({
    permission,
    value: !instance.readOnly,
    disabledReason: instance.readOnly ? READ_ONLY : null,
  })),
  ...DENIED.map((permission) => ({
    permission,
    value: false,
    disabledReason: "Not supported by this server.",
  })),
];
export const Permission = builder.objectRef<PermissionModel>("Permission").implement({
  fields: (t) => ({
    permission: t.exposeString("permission"),
    value: t.exposeBoolean("value"),
    disabledReason: t.exposeString("disabledReason", { nullable: true }),
  }),
});

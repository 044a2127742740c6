import type { BackfillSpec, BackfillStatus } from "@dagster-operator/engine/resources";
import type { z } from "zod";
import type { KubeObject } from "../kube/object.ts";

export interface BackfillObject extends KubeObject {
  spec: BackfillSpec;
  status?: z.infer<typeof BackfillStatus>;
}

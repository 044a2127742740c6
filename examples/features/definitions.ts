import { Definitions } from "@dagster-operator/sdk";
import * as assetAsInput from "./src/asset-as-input.ts";
import * as automation from "./src/automation.ts";
import * as checks from "./src/checks.ts";
import * as conditional from "./src/conditional.ts";
import * as configMapping from "./src/config-mapping.ts";
import * as graphAsset from "./src/graph-asset.ts";
import * as graphs from "./src/graphs.ts";
import * as hooks from "./src/hooks.ts";
import * as inputManagers from "./src/input-managers.ts";
import * as loggers from "./src/loggers.ts";
import * as multiAsset from "./src/multi-asset.ts";
import * as observable from "./src/observable.ts";
import * as partitions from "./src/partitions.ts";
import * as pipes from "./src/pipes.ts";
import * as resources from "./src/resources.ts";
import * as retries from "./src/retries.ts";
import * as runInputs from "./src/run-inputs.ts";
import * as runTimeMaterialization from "./src/run-time-materialization.ts";
import * as softwareDefined from "./src/software-defined.ts";
import * as staleness from "./src/staleness.ts";

const features = [
  assetAsInput,
  automation,
  checks,
  conditional,
  configMapping,
  graphAsset,
  graphs,
  hooks,
  inputManagers,
  loggers,
  multiAsset,
  observable,
  partitions,
  pipes,
  resources,
  retries,
  runInputs,
  runTimeMaterialization,
  softwareDefined,
  staleness,
];

/** Each takes from the modules what is of its kind. */
export default new Definitions({
  assets: features,
  checks: features,
  jobs: features,
  schedules: features,
  sensors: features,
});

/** Sensors as the snapshot has them, with the one that evaluates automation conditions. */
import { keyText } from "../asset/asset-key.ts";
import type { SensorDefinition } from "../automation/sensor.ts";
import { DEFAULT_AUTOMATION_SENSOR } from "../model/automation.ts";
import type { AssetCheckDef, AssetDef, SensorDef } from "../model/definitions.ts";
import { resolveSelection } from "../selection/resolve.ts";
import { at } from "../source.ts";
import type { Repository } from "./collect.ts";

/** Selections that cannot be resolved, and assets that two sensors evaluate, are told in `problems`. */
export function sensorDefs(
  repository: Repository,
  assets: AssetDef[],
  checks: AssetCheckDef[],
  problems: string[],
): SensorDef[] {
  const sensors = [...repository.sensors.values()];
  const automated = checks.filter((each) => each.automation);
  const evaluatedBy = new Map<string, string>();
  const defs = sensors.map((sensor) => {
    const def = sensorDef(sensor);
    if (!sensor.automation) return def;
    let selected: AssetDef["key"][] = [];
    try {
      selected = resolveSelection(assets, sensor.automation.selection);
    } catch (error) {
      problems.push(`sensor ${sensor.name}${at(sensor.source)}: ${(error as Error).message}`);
    }
    const wanted = new Set(selected.map(keyText));
    def.assets = assets
      .filter((each) => each.automation && wanted.has(keyText(each.key)))
      .map(({ key }) => key);
    for (const key of def.assets.map(keyText)) {
      const other = evaluatedBy.get(key);
      if (other !== undefined)
        problems.push(
          `asset ${key} is evaluated by the sensors ${other} and ${sensor.name}: take it out of one of them`,
        );
      evaluatedBy.set(key, sensor.name);
    }
    // A check is evaluated by the sensor that selects its asset.
    const ofSelected = automated.filter(
      (check) => wanted.has(keyText(check.asset)) && !evaluatedBy.has(checkText(check)),
    );
    for (const check of ofSelected) evaluatedBy.set(checkText(check), sensor.name);
    return { ...def, ...checksOf(ofSelected), runTags: sensor.automation.runTags };
  });
  const others = assets.filter((each) => each.automation && !evaluatedBy.has(keyText(each.key)));
  const otherChecks = automated.filter((check) => !evaluatedBy.has(checkText(check)));
  const none = others.length === 0 && otherChecks.length === 0;
  if (none || repository.sensors.has(DEFAULT_AUTOMATION_SENSOR)) return defs;
  return [
    ...defs,
    {
      name: DEFAULT_AUTOMATION_SENSOR,
      kind: "automation",
      jobs: [],
      assets: others.map(({ key }) => key),
      ...checksOf(otherChecks),
      minimumInterval: 30,
      defaultStatus: "STOPPED",
      tags: {},
    },
  ];
}

const checkText = ({ asset, name }: AssetCheckDef) => `check ${name} of asset ${keyText(asset)}`;
const checksOf = (checks: AssetCheckDef[]): Pick<SensorDef, "checks"> =>
  checks.length === 0 ? {} : { checks: checks.map(({ asset, name }) => ({ asset, name })) };

function sensorDef(sensor: SensorDefinition): SensorDef {
  const { name, description, kind, monitors, jobs, assets, minimumInterval, defaultStatus, tags } = sensor;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    kind,
    ...(monitors === undefined ? {} : { monitors }),
    jobs: jobs.map((job) => (typeof job === "string" ? job : job.name)),
    assets: assets.map((asset) => asset.key),
    minimumInterval,
    defaultStatus,
    tags,
  };
}

import { Definitions, defineAssetJob, fsIoManager, schedule } from "@dagster-operator/sdk";
import { dailyWeather, highIsAboveLow, releasedMovies } from "./src/clean.ts";
import {
  cityComparison,
  climateReport,
  monthlyClimate,
  openingWeather,
  temperaturePicture,
} from "./src/marts.ts";
import { months, movieCatalogue, observations } from "./src/raw.ts";
import { inboxSensor, loadStation } from "./src/station-file.ts";
import { tables, warehouse } from "./src/warehouse.ts";

const monthlyLoad = defineAssetJob("monthly_load", {
  selection: "+clean/daily_weather",
  partitions: months,
  description: "Loads and cleans one month of weather.",
});
const report = defineAssetJob("report", {
  selection: "group:marts",
  description: "Everything that people read.",
});

export default new Definitions({
  assets: [
    observations,
    movieCatalogue,
    dailyWeather,
    releasedMovies,
    monthlyClimate,
    cityComparison,
    openingWeather,
    temperaturePicture,
    climateReport,
  ],
  checks: [highIsAboveLow],
  jobs: [monthlyLoad, report, loadStation],
  schedules: [schedule("monday_report", { job: report, cron: "0 7 * * 1", timezone: "Europe/Rome" })],
  sensors: [inboxSensor],
  resources: { ioManager: tables, warehouse, files: fsIoManager() },
});

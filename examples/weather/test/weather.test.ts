import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executeInProcess, fsIoManager, inMemory, materialize } from "@dagster-operator/sdk";
import { beforeAll, expect, test } from "@jest/globals";
import { dailyWeather, highIsAboveLow, releasedMovies } from "../src/clean.ts";
import {
  cityComparison,
  climateReport,
  monthlyClimate,
  openingWeather,
  temperaturePicture,
} from "../src/marts.ts";
import { movieCatalogue, observations } from "../src/raw.ts";
import { dataset } from "../src/source.ts";
import { loadStation } from "../src/station-file.ts";
import { tables, warehouse } from "../src/warehouse.ts";

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "weather-"));
  process.env.WAREHOUSE = join(folder, "warehouse.duckdb");
  process.env.DAGSTER_OPERATOR_ARTIFACTS = folder;
});
const resources = { ioManager: tables, warehouse, files: fsIoManager() };

test("two months give a comparison, a picture and a report", async () => {
  const loads = [observations, dailyWeather, highIsAboveLow];
  for (const partitionKey of ["2012-01-01", "2012-02-01"])
    await materialize(loads, { partitionKey, resources });
  const result = await materialize(
    [
      movieCatalogue,
      releasedMovies,
      monthlyClimate,
      cityComparison,
      openingWeather,
      temperaturePicture,
      climateReport,
    ],
    { resources },
  );
  expect(result.output(cityComparison)).toEqual([
    expect.objectContaining({ city: "New York" }),
    expect.objectContaining({ city: "Seattle" }),
  ]);
  expect(result.output(monthlyClimate).length).toBe(4);
  expect(result.output(temperaturePicture)).toMatch(/^<svg/);
  expect(result.output(climateReport)).toContain("**Seattle**");
});

test("the check finds a day whose high is below its low", async () => {
  const wrong = {
    location: "X",
    date: "2012-01-01",
    precipitation: "0",
    temp_max: "1",
    temp_min: "5",
    wind: "1",
    weather: "sun",
  };
  const ioManager = inMemory();
  const result = await materialize([dailyWeather, highIsAboveLow], {
    partitionKey: "2012-01-01",
    resources: { ioManager },
    upstream: { "raw/observations": [wrong] },
    raise: false,
  });
  expect(result.success).toBe(false);
  expect(result.checks.high_is_above_low?.passed).toBe(false);
});

test("a station file is read and summed up", async () => {
  const result = await executeInProcess(loadStation, {
    resources: { files: inMemory() },
    runConfig: { ops: { read_station: { config: { file: dataset("seattle-weather.csv") } } } },
  });
  expect(result.eventsOf("ASSET_MATERIALIZATION").map(({ asset }) => asset.join("/"))).toEqual([
    "stations/seattle-weather",
  ]);
});

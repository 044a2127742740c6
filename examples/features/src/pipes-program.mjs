// The other side of pipes.ts: the protocol by hand, in the place of the package dagster-pipes.
import { appendFileSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

const pathIn = (name) => JSON.parse(inflateSync(Buffer.from(process.env[name], "base64"))).path;
const { asset_keys: keys, extras } = JSON.parse(readFileSync(pathIn("DAGSTER_PIPES_CONTEXT"), "utf8"));
const say = (method, params) =>
  appendFileSync(
    pathIn("DAGSTER_PIPES_MESSAGES"),
    `${JSON.stringify({ __dagster_pipes_version: "0.1", method, params })}\n`,
  );

say("opened", {});
say("log", { level: "WARNING", message: `training for ${extras.epochs} epochs` });
console.log("this line is in the compute log");
const metadata = { loss: { raw_value: 0.5, type: "float" } };
say("report_asset_materialization", { asset_key: keys[0], data_version: "v1", metadata });
say("report_asset_check", { asset_key: keys[0], check_name: "small_loss", passed: true });
say("report_custom_message", { payload: { weights: 12 } });
say("closed", {});

import { expect } from "@jest/globals";
import type { Story } from "../story.ts";

const NODE = `query ($k: AssetKeyInput!) {
  assetNodeOrError(assetKey: $k) { __typename ... on AssetNode { isMaterializable metadataEntries { label } } }
  assetOrError(assetKey: $k) { ... on Asset { assetMaterializations(limit: 9) { runId partition
    metadataEntries { __typename label } } } }
}`;
interface Both {
  assetNodeOrError: { __typename: string; metadataEntries?: { label: string }[] };
  assetOrError: {
    assetMaterializations: {
      runId: string;
      partition: string | null;
      metadataEntries: { __typename: string; label: string }[];
    }[];
  };
}

export default [
  {
    title: "defined: known with its metadata before it runs; logged at run time: known by its events alone",
    tell: async ({ run, query }) => {
      const defined = await query<Both>(NODE, { k: { path: ["bikes", "rides"] } });
      expect(defined.assetNodeOrError.metadataEntries?.map(({ label }) => label)).toContain("source");

      const runConfig = { ops: { persist: { config: { date: "2024-06-01" } } } };
      const { runId } = await run({ job: "persist_day", runConfig });
      const logged = await query<Both>(NODE, { k: { path: ["my_dataset"] } });
      expect(logged.assetNodeOrError.__typename).toBe("AssetNotFoundError");
      const made = logged.assetOrError.assetMaterializations.find((one) => one.runId === runId);
      expect(made?.partition).toBe("2024-06-01");
      const types = Object.fromEntries(made?.metadataEntries.map((one) => [one.label, one.__typename]) ?? []);
      expect(types).toMatchObject({
        text: "TextMetadataEntry",
        rows: "IntMetadataEntry",
        path: "PathMetadataEntry",
        dashboard: "UrlMetadataEntry",
        preview: "TableMetadataEntry",
        at: "TimestampMetadataEntry",
        like: "AssetMetadataEntry",
        by: "PipelineRunMetadataEntry",
        notebook: "NotebookMetadataEntry",
        picture: "ImageMetadataEntry",
      });
    },
  },
  {
    title: "materializations, checks and observations from outside, by REST",
    tell: async ({ url, query }) => {
      const report = async (what: string, body: object) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${url}/report_asset_${what}`, {
          method: "POST",
          headers,
          body: JSON.stringify(body),
        });
        return [response.status, await response.text()];
      };
      const rows = { metadata: { rows: 5 }, partition: "b" };
      expect((await report("materialization/outside/table", rows))[0]).toBe(200);
      expect((await report("observation/outside/table", { data_version: "7" }))[0]).toBe(200);
      const { assetOrError } = await query<Both>(NODE, { k: { path: ["outside", "table"] } });
      expect(assetOrError.assetMaterializations).toMatchObject([
        { runId: "", partition: "b", metadataEntries: [{ __typename: "IntMetadataEntry", label: "rows" }] },
      ]);
      const check = { check_name: "sorted", passed: true };
      expect((await report("check/audited/south", check))[0]).toBe(200);
      const wrong = await report("check/audited/south", { passed: "yes" });
      expect(wrong[0]).toBe(400);
      expect(wrong[1]).toContain("check_name");
    },
  },
] satisfies Story[];

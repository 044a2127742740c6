import { expect } from "@jest/globals";
import type { Story, Through } from "../story.ts";

const QUERY = `query ($k: AssetKeyInput!, $p: String) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
  staleStatus(partition: $p) staleCauses(partition: $p) { category reason key { path } partitionKey dependency { path } }
  dataVersion(partition: $p) } } }`;
interface Node {
  staleStatus: string;
  staleCauses: { category: string; reason: string }[];
  dataVersion: string | null;
}
const look = async ({ query }: Through, name: string, p?: string): Promise<Node> =>
  (await query<{ assetNodeOrError: Node }>(QUERY, { k: { path: name.split("/") }, p })).assetNodeOrError;

export default [
  {
    title: "an asset is missing, then fresh, then stale when what it was made of has another version",
    tell: async (through) => {
      expect((await look(through, "stale/balance")).staleStatus).toBe("MISSING");
      await through.run({ assets: 'key:"stale/*"' });
      expect(await look(through, "stale/letter")).toMatchObject({ staleStatus: "FRESH", staleCauses: [] });
      expect((await look(through, "stale/balance")).dataVersion).toBe("always the same");

      const ops = { stale__ledger: { config: { version: "2" } } };
      await through.run({ assets: 'key:"stale/ledger"', runConfig: { ops } });
      expect(await look(through, "stale/balance")).toMatchObject({
        staleStatus: "STALE",
        staleCauses: [
          {
            category: "DATA",
            reason: "has a new data version",
            key: { path: ["stale", "ledger"] },
            dependency: null,
          },
        ],
      });
      // What is upstream of what is upstream does not count: the letter is made of what the balance is now.
      expect((await look(through, "stale/letter")).staleStatus).toBe("FRESH");

      // Made again, to data of the same version: what is made of that need not be.
      await through.run({ assets: 'key:"stale/balance"' });
      expect((await look(through, "stale/balance")).staleStatus).toBe("FRESH");
      expect((await look(through, "stale/letter")).staleStatus).toBe("FRESH");
    },
  },
  {
    title:
      "the same code over the same data makes the same data version, and partitions are compared by their mapping",
    tell: async (through) => {
      await through.run({ assets: 'key:"versions/rates"' });
      await through.run({ assets: 'key:"versions/fees"', partition: "a" });
      await through.run({ assets: 'key:"versions/invoice"' });
      const { dataVersion } = await look(through, "versions/fees", "a");
      expect(dataVersion).toMatch(/^[0-9a-f]{64}$/);
      await through.run({ assets: 'key:"versions/fees"', partition: "a" });
      expect((await look(through, "versions/fees", "a")).dataVersion).toBe(dataVersion);
      expect((await look(through, "versions/invoice")).staleStatus).toBe("FRESH");
      await through.run({ assets: 'key:"versions/fees"', partition: "b" });
      expect(await look(through, "versions/invoice")).toMatchObject({
        staleStatus: "STALE",
        staleCauses: [
          { key: { path: ["versions", "fees"] }, partitionKey: "b", reason: "has a new data version" },
        ],
      });
    },
  },
] satisfies Story[];

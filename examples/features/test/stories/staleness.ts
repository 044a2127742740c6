import { expect } from "@jest/globals";
import type { Story, Through } from "../story.ts";

const QUERY = `query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
  staleStatus staleCauses { category reason key { path } dependency { path } } dataVersion } } }`;
interface Node {
  staleStatus: string;
  staleCauses: { category: string; reason: string }[];
  dataVersion: string | null;
}
const look = async ({ query }: Through, name: string): Promise<Node> =>
  (await query<{ assetNodeOrError: Node }>(QUERY, { k: { path: ["stale", name] } })).assetNodeOrError;

export default [
  {
    title: "an asset is missing, then fresh, then stale when what it was made of has another version",
    tell: async (through) => {
      expect((await look(through, "balance")).staleStatus).toBe("MISSING");
      await through.run({ assets: 'key:"stale/*"' });
      expect(await look(through, "letter")).toMatchObject({ staleStatus: "FRESH", staleCauses: [] });
      expect((await look(through, "balance")).dataVersion).toBe("always the same");

      const ops = { stale__ledger: { config: { version: "2" } } };
      await through.run({ assets: 'key:"stale/ledger"', runConfig: { ops } });
      expect(await look(through, "balance")).toMatchObject({
        staleStatus: "STALE",
        staleCauses: [
          {
            category: "DATA",
            reason: "stale/ledger has a new data version",
            key: { path: ["stale", "balance"] },
            dependency: { path: ["stale", "ledger"] },
          },
        ],
      });
      expect((await look(through, "letter")).staleCauses[0]?.reason).toBe("stale dependency stale/balance");

      // Made again, to data of the same version: what is made of that need not be.
      await through.run({ assets: 'key:"stale/balance"' });
      expect((await look(through, "balance")).staleStatus).toBe("FRESH");
      expect((await look(through, "letter")).staleStatus).toBe("FRESH");
    },
  },
] satisfies Story[];

// Ten thousand assets over forty groups: the lineage must not freeze.
import { asset, Definitions, externalAsset } from "@dagster-operator/sdk";

const assets = Array.from({ length: 10_000 }, (_, i) =>
  asset(
    `many_${i}`,
    { group: `group_${i % 40}`, deps: i < 40 ? [] : [`many_${Math.floor((((i * 37) % 101) / 101) * i)}`] },
    () => i,
  ),
);

export default new Definitions({ assets: [...assets, externalAsset("outside")] });

"""5,000 assets, each depending on the one before it, loaded and validated."""

from dagster import AssetKey, Definitions, asset


def make(i):
    @asset(name=f"asset_{i}", group_name=f"group_{i // 50}", deps=[AssetKey(f"asset_{i - 1}")] if i % 50 else [])
    def body():
        return i

    return body


defs = Definitions(assets=[make(i) for i in range(5000)])

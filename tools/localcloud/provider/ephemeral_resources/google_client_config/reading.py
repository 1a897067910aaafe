"""google_client_config: like the data source of that name, but stored nowhere."""

from __future__ import annotations

from localcloud.provider.data_sources.google_client_config.reading import read

__all__ = ["read"]

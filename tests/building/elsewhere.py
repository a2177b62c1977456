"""Publishing in a process of its own, as another publisher does while one is in the middle of its look."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context

from publisher.config import PublisherConfig
from publisher.publish import publish
from revocation.clock import fixed
from revocation.config import PublicConfig
from tests.building.place import Place


def publish_elsewhere(place: Place, now: datetime) -> None:
    """Have all of a place published, at that time of its clock; returns when it is."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(_publish, place.config, place.told, now).result()


def _publish(config: PublisherConfig, told: Mapping[str, object], now: datetime) -> None:
    publish(config, PublicConfig.model_validate(told), fixed(now))

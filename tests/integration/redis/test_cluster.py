"""What a cluster refuses: the control of every test of this folder that runs on one."""

from __future__ import annotations

import pytest
import redis
from redis.exceptions import ClusterCrossSlotError


def test_keys_of_different_slots_do_not_go_together(redis_cluster: str) -> None:
    with redis.Redis.from_url(redis_cluster, protocol=2) as client:
        assert client.info("cluster")["cluster_enabled"] == 1
        client.flushdb()
        with pytest.raises(ClusterCrossSlotError):
            client.mget("api_key:a", "api_key:b")
        with client.pipeline(transaction=True) as pipe, pytest.raises(redis.RedisError):
            pipe.set("api_key:a", "1").set("api_key:b", "1").execute()
        assert client.dbsize() == 0
        assert client.mset({"cost:{org-1}:a": "1", "cost:{org-1}:b": "2"})

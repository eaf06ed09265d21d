"""What is stored is encrypted, what travels is too, and nothing of it is public."""

from __future__ import annotations

from typing import Any

from tests.infra.template import Template, as_list, resolved, text

from controlplane.adapters.postgres.engine import MOST_CONNECTIONS
from infra.stages import STAGES as STAGE_DATA

OWN_KEY = "<EncryptionKey"


def test_the_database_is_encrypted_private_and_speaks_tls_only(
    template: Template, stage: str
) -> None:
    cluster = template.one("AWS::RDS::DBCluster")
    assert cluster["StorageEncrypted"] is True
    assert cluster["Engine"] == "aurora-postgresql"
    assert int(cluster["EngineVersion"].split(".")[0]) >= 16
    parameters = template.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert cluster["DBClusterParameterGroupName"]["Ref"] == template.id_of(
        "AWS::RDS::DBClusterParameterGroup"
    )
    for instance in template.all("AWS::RDS::DBInstance").values():
        assert instance["PubliclyAccessible"] is False
        assert instance["DBInstanceClass"] == "db.serverless"
    assert cluster["DeletionProtection"] is (stage == "prod")
    assert "{{resolve:secretsmanager:" in resolved(cluster["MasterUserPassword"])


def test_only_the_sandbox_lets_aurora_pause(templates: dict[str, Template]) -> None:
    scaling = {
        stage: template.one("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
        for stage, template in templates.items()
    }
    assert scaling["sandbox"] == {"MinCapacity": 0, "MaxCapacity": 2, "SecondsUntilAutoPause": 300}
    assert scaling["demo"]["MinCapacity"] > 0
    assert scaling["prod"]["MinCapacity"] > 0


def test_nothing_stands_between_what_computes_and_aurora(template: Template) -> None:
    """Each transaction sets its role: RDS Proxy would keep its connection for one client.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
    """
    assert not template.has("AWS::RDS::DBProxy")


def test_aurora_takes_the_connections_of_all_tasks() -> None:
    for stage in STAGE_DATA.values():
        of_tasks = stage.tasks_most * stage.task_cores * MOST_CONNECTIONS
        of_function = stage.audit_max_concurrency + 10
        if stage.compute == "service":
            assert of_tasks + of_function < 0.8 * stage.database_connections, stage.name


def test_the_cache_is_reached_by_tls_and_a_password_only(template: Template) -> None:
    cache = template.one("AWS::ElastiCache::ServerlessCache")
    assert cache["Engine"] == "valkey"
    assert cache["UserGroupId"]["Ref"] == template.id_of("AWS::ElastiCache::UserGroup")
    group = template.one("AWS::ElastiCache::UserGroup")
    assert [user["Ref"] for user in group["UserIds"]] == [template.id_of("AWS::ElastiCache::User")]
    user = template.one("AWS::ElastiCache::User")
    (password,) = user["AuthenticationMode"]["Passwords"]
    assert "{{resolve:secretsmanager:" in resolved(password)
    assert "NoPasswordRequired" not in user
    url = template.one("AWS::Lambda::Function")["Environment"]["Variables"]["REDIS_URL"]
    assert resolved(url).startswith("rediss://<")


def test_queues_are_encrypted_and_refuse_plain_text(template: Template) -> None:
    queues = template.all("AWS::SQS::Queue")
    for queue in queues.values():
        assert queue.get("SqsManagedSseEnabled") is True or queue["KmsMasterKeyId"]
    refusing = {
        policy_queue["Ref"]
        for policy in template.all("AWS::SQS::QueuePolicy").values()
        for policy_queue in policy["Queues"]
        if any(map(_refuses_plain_text, policy["PolicyDocument"]["Statement"]))
    }
    assert refusing == set(queues)


def test_buckets_are_encrypted_private_and_refuse_plain_text(template: Template) -> None:
    buckets = template.all("AWS::S3::Bucket")
    for bucket in buckets.values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    refusing = {
        policy["Bucket"]["Ref"]
        for policy in template.all("AWS::S3::BucketPolicy").values()
        if any(map(_refuses_plain_text, policy["PolicyDocument"]["Statement"]))
    }
    assert refusing == set(buckets)


def test_topics_refuse_plain_text(template: Template) -> None:
    policies = template.all("AWS::SNS::TopicPolicy").values()
    assert len(policies) == len(template.all("AWS::SNS::Topic")) == 2
    for policy in policies:
        assert any(map(_refuses_plain_text, policy["PolicyDocument"]["Statement"]))


def test_prod_has_its_own_key_for_all_that_is_stored(templates: dict[str, Template]) -> None:
    prod = templates["prod"]
    assert prod.one("AWS::KMS::Key")["EnableKeyRotation"] is True
    key_id = prod.id_of("AWS::KMS::Key")
    by_its_key: dict[str, tuple[str, ...]] = {
        "AWS::RDS::DBCluster": ("KmsKeyId",),
        "AWS::ElastiCache::ServerlessCache": ("KmsKeyId",),
        "AWS::SQS::Queue": ("KmsMasterKeyId",),
        "AWS::SNS::Topic": ("KmsMasterKeyId",),
        "AWS::SecretsManager::Secret": ("KmsKeyId",),
        "AWS::Logs::LogGroup": ("KmsKeyId",),
    }
    for type_, path in by_its_key.items():
        for properties in prod.all(type_).values():
            assert key_id in text(_at(properties, path)), type_
    audit = next(
        bucket for bucket in prod.all("AWS::S3::Bucket").values() if "ObjectLockEnabled" in bucket
    )
    assert key_id in text(audit["BucketEncryption"])
    for stage in ("sandbox", "demo"):
        assert not templates[stage].has("AWS::KMS::Key"), "AWS's own keys cost nothing"


def test_no_secret_is_in_the_template(template: Template) -> None:
    for secret in template.all("AWS::SecretsManager::Secret").values():
        generated = "GenerateSecretString" in secret
        assert generated or secret["SecretString"] == "{}"
    generated_lengths = {
        secret["Name"]: secret["GenerateSecretString"]["PasswordLength"]
        for secret in template.all("AWS::SecretsManager::Secret").values()
        if "GenerateSecretString" in secret
    }
    assert min(generated_lengths.values()) >= 30


PRECIOUS = {
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::Cognito::UserPool",
    "AWS::KMS::Key",
}


def test_only_prod_keeps_its_data_when_it_is_removed(template: Template, stage: str) -> None:
    kept = {
        resource["Type"]
        for resource in template.resources.values()
        if resource.get("DeletionPolicy") in ("Retain", "Snapshot", "RetainExceptOnCreate")
        # Of API Gateway in the whole account, and where a release may go back to.
    } - {"AWS::ApiGateway::Account", "AWS::IAM::Role", "AWS::Lambda::Version"}
    assert kept == (PRECIOUS if stage == "prod" else set())


def test_a_first_deployment_that_failed_leaves_nothing_in_the_way(template: Template) -> None:
    """What was kept would collide with the second try by its name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    for logical_id, resource in template.resources.items():
        if resource["Type"] in PRECIOUS:
            assert resource.get("DeletionPolicy") != "Retain", logical_id


def test_a_replaced_resource_is_kept_too(templates: dict[str, Template]) -> None:
    for logical_id, resource in templates["prod"].resources.items():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            assert resource["UpdateReplacePolicy"] == "Retain", logical_id


def _refuses_plain_text(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement.get("Condition", {}).get("Bool") == {"aws:SecureTransport": "false"}
        and statement["Principal"] in ("*", {"AWS": "*"})
        and bool(as_list(statement["Action"]))
    )


def _at(properties: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path:
        properties = properties[name]
    return properties

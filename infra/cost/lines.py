"""What each kind of resource costs a month: one function a service, one row in PRICERS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from infra.cost.bill import CostError, Line, Pricer, Prices, Template
from infra.cost.service import load_balancer, nat_bytes, tasks
from infra.cost.usage import GIB, HOURS, SECONDS, Usage

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_SECONDS = {"minute": 60, "hour": SECONDS, "day": 24 * SECONDS}
# The pollers of an event source ask an empty queue, five at once, 20 s each.
_IDLE_POLLS = 5 * HOURS * SECONDS / 20
_MESSAGES_A_CALL = 10
_CACHE_LEAST_GB = 0.1
_METRICS_PER_SERIES = 4  # requests, latency, tokens, cost
_METRICS_PER_STAGE = 6
_ECPUS_PER_SCHEDULED_EVENT = 5


def function(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """Lambda: the requests and their waiting, then upkeep, then snapshots."""
    row = template.only("AWS::Lambda::Function")
    if row.get("Architectures") != ["arm64"]:
        raise CostError("infra/cost/prices.json has Lambda's price for arm64 only.")
    if any("ProvisionedConcurrencyConfig" in r for r in template.of("AWS::Lambda::Alias")):
        raise CostError("Nothing in infra/cost/lines.py prices provisioned concurrency.")
    memory_gb = row["MemorySize"] / 1024
    upkeep = _scheduled(template)
    batches = _batches(template, usage)
    requests = usage.requests if template.of("AWS::ApiGateway::RestApi") else 0
    seconds = requests * usage.invocation_seconds
    other = upkeep * usage.scheduled_seconds + batches * usage.batch_seconds
    other += usage.requests * usage.record_seconds
    whole = prices.cost("lambda.arm64.gb_second", (seconds + other) * memory_gb)
    share = seconds / (seconds + other)
    if requests:
        yield Line("Lambda", f"{usage.invocation_seconds:g} s a request", whole * share)
    yield Line("Lambda", "audit batches and schedules", whole * (1 - share))
    calls = requests + upkeep + batches
    yield Line("Lambda", f"{calls:,.0f} invocations", prices.cost("lambda.request", calls))
    if "SnapStart" in row and row["SnapStart"].get("ApplyOn") == "PublishedVersions":
        cached = prices.cost("lambda.snapstart.cached_gb_second", memory_gb * HOURS * SECONDS)
        starts = requests * usage.cold_starts_per_request
        restored = prices.cost("lambda.snapstart.restored_gb", starts * memory_gb)
        yield Line("Lambda", "SnapStart, one version", cached + restored)
    if row.get("TracingConfig", {}).get("Mode") == "Active":
        yield Line("X-Ray", "traces of 5 %", prices.cost("xray.trace", requests * 0.05))


def api(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """API Gateway; a streamed answer counts once for every 10 MB."""
    yield Line(
        "API Gateway",
        f"{usage.requests:,.0f} requests",
        prices.cost("apigateway.rest.request", usage.requests),
    )


def distribution(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """CloudFront: requests, its functions, bytes to callers."""
    usd = prices.cost("cloudfront.https_request", usage.requests)
    usd += prices.cost("cloudfront.function_invocation", usage.requests)
    yield Line("CloudFront", "requests and functions", usd)
    out, to_origin = usage.gigabytes(usage.answer_bytes), usage.gigabytes(usage.request_bytes)
    usd = prices.cost("cloudfront.gb_out", out)
    usd += prices.cost("cloudfront.gb_to_origin", to_origin)
    yield Line("CloudFront", f"{out:,.0f} GB out, {to_origin:,.0f} in", usd)


def firewall(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """WAF: web ACLs, their rules, requests."""
    for row in template.of("AWS::WAFv2::WebACL"):
        rules = len(row["Rules"])
        fixed = prices.cost("waf.web_acl", 1) + prices.cost("waf.rule", rules)
        requests = prices.cost("waf.request", usage.requests)
        yield Line("WAF", f"web ACL with {rules} rules", fixed + requests)


def network(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """The way out: NAT instances or gateways, addresses, endpoints, bytes."""
    address = prices.cost("vpc.public_ipv4.hour", HOURS)
    for row in template.of("AWS::EC2::Instance"):
        size = row["InstanceType"]
        usd = prices.cost(f"ec2.{size}.hour", HOURS)
        for device in row.get("BlockDeviceMappings", []):
            volume = device["Ebs"]
            usd += prices.cost(f"ebs.{volume['VolumeType']}.gb", volume["VolumeSize"])
        interfaces = row.get("NetworkInterfaces", [])
        public = sum(bool(face.get("AssociatePublicIpAddress")) for face in interfaces)
        yield Line("NAT", f"{size} with disk and address", usd + public * address)
    if gateways := len(template.of("AWS::EC2::NatGateway")):
        usd = gateways * prices.cost("vpc.nat_gateway.hour", HOURS)
        usd += prices.cost("vpc.nat_gateway.gb", usage.gigabytes(nat_bytes(template, usage)))
        yield Line("NAT", f"{gateways} gateways and their bytes", usd)
    if addresses := len(template.of("AWS::EC2::EIP")):
        yield Line("NAT", f"{addresses} addresses", addresses * address)
    for row in template.of("AWS::EC2::VPCEndpoint"):
        if row.get("VpcEndpointType") == "Interface":
            zones = len(row["SubnetIds"])
            usd = zones * prices.cost("vpc.interface_endpoint.hour", HOURS)
            yield Line("Endpoint", f"interface in {zones} zones", usd)
    out = prices.cost("internet.gb_out", usage.gigabytes(usage.request_bytes))
    yield Line("Internet", "bytes out to the providers", out)


def database(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """Aurora: capacity while it is awake, storage, I/O, the proxy."""
    scaling = template.only("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    instances = len(template.of("AWS::RDS::DBInstance"))
    least, hours = scaling["MinCapacity"], HOURS
    if least == 0:
        pause = scaling["SecondsUntilAutoPause"]
        hours = min(usage.active_hours, _batches(template, usage) * pause / SECONDS)
        least = usage.least_awake_acus
    needed = usage.per_second * usage.acus_per_record_per_second
    acus = max(least, min(needed, scaling["MaxCapacity"]))
    usd = instances * acus * prices.cost("aurora.acu_hour", hours)
    yield Line("Aurora", f"{instances} x {acus:g} ACU, awake {hours:,.0f} h", usd)
    stored = 1 + usage.gigabytes(usage.record_bytes) * usage.record_months
    usd = prices.cost("aurora.storage_gb", stored) + prices.cost("aurora.io", usage.requests)
    yield Line("Aurora", f"{stored:,.0f} GB and I/O", usd)


def cache(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """ElastiCache Serverless: what is kept, 100 MB at least, and what is done."""
    if template.only("AWS::ElastiCache::ServerlessCache")["Engine"] != "valkey":
        raise CostError("infra/cost/prices.json has ElastiCache's price for Valkey only.")
    kept = max(_CACHE_LEAST_GB, usage.per_second * SECONDS * usage.cache_bytes / GIB)
    usd = prices.cost("elasticache.valkey.gb_hour", kept * HOURS)
    yield Line("Valkey", f"{kept:.1f} GB", usd)
    units = usage.requests * usage.cache_ecpus + _scheduled(template) * _ECPUS_PER_SCHEDULED_EVENT
    usd = prices.cost("elasticache.valkey.ecpu", units)
    yield Line("Valkey", "processing units", usd)


def queues(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """SQS: sends, a receive and a delete for each ten messages or batch, idle polls."""
    sent = usage.requests / (usage.events_a_call if template.of("AWS::ECS::Service") else 1)
    taken = max(_batches(template, usage), usage.requests / _MESSAGES_A_CALL)
    calls = sent + 2 * taken + _IDLE_POLLS
    yield Line("SQS", f"{calls:,.0f} calls", prices.cost("sqs.request", calls))


def buckets(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """S3 after a year: three months as they came, nine in Deep Archive."""
    month = usage.gigabytes(usage.archived_bytes)
    batches = _batches(template, usage)
    objects = batches * usage.organizations_in(usage.requests / batches)
    usd = prices.cost("s3.standard.gb", month * 3) + prices.cost("s3.put", objects)
    usd += prices.cost("s3.deep_archive.gb", month * 9)
    if month * GIB / max(objects, 1) >= 128 * 1024:  # smaller ones are not moved
        usd += prices.cost("s3.deep_archive.transition", objects)
    yield Line("S3", f"audit, {month:,.1f} GB a month", usd)


def secrets(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """Secrets Manager; every start of the function reads each once."""
    number = len(template.of("AWS::SecretsManager::Secret"))
    starts = 0.0 if template.of("AWS::ECS::Service") else usage.cold_starts_per_request
    reads = usage.requests * starts * number
    usd = prices.cost("secretsmanager.secret", number) + prices.cost(
        "secretsmanager.request", reads
    )
    yield Line("Secrets", f"{number} secrets", usd)


def watching(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """CloudWatch: alarms by the metrics that they read, dashboards, own metrics, logs."""
    alarms = template.of("AWS::CloudWatch::Alarm")
    read = sum(sum("MetricStat" in part for part in row.get("Metrics", [])) or 1 for row in alarms)
    usd = prices.cost("cloudwatch.alarm_metric", read)
    usd += prices.cost(
        "cloudwatch.composite_alarm", len(template.of("AWS::CloudWatch::CompositeAlarm"))
    )
    yield Line("Alarms", f"{len(alarms)} alarms on {read} metrics", usd)
    boards = len(template.of("AWS::CloudWatch::Dashboard"))
    yield Line("Dashboards", f"{boards}", prices.cost("cloudwatch.dashboard", boards))
    series = usage.organizations * usage.series_per_organization
    metrics = series * _METRICS_PER_SERIES + _METRICS_PER_STAGE
    # Billed for the hours in which a value comes.
    share = usage.active_hours / HOURS
    usd = prices.cost("cloudwatch.custom_metric", metrics) * share
    yield Line("Metrics", f"{metrics:,} of ours, {share:.0%} of the time", usd)
    variables = template.only("AWS::Lambda::Function")["Environment"]["Variables"]
    percent = int(variables.get("LLM_CP_LOG_PERCENT", 100))
    is_service = bool(template.of("AWS::ECS::Service"))
    written = usage.gigabytes(usage.log_bytes(percent, is_service=is_service))
    usd = prices.cost("cloudwatch.log_gb", written)
    usd += prices.cost("cloudwatch.log_storage_gb", written)
    yield Line("Logs", f"{written:,.1f} GB", usd)


def keys(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """KMS keys of ours; data keys are reused, so few requests reach it."""
    number = len(template.of("AWS::KMS::Key"))
    usd = prices.cost("kms.key", number) + prices.cost("kms.request", usage.requests / 1000)
    yield Line("KMS", f"{number} key", usd)


def _batches(template: Template, usage: Usage) -> float:
    row = template.only("AWS::Lambda::EventSourceMapping")
    return usage.batches(row["BatchSize"], row.get("MaximumBatchingWindowInSeconds", 0))


def _scheduled(template: Template) -> float:
    """Invocations a month of all schedules. Raises CostError for one that is no rate."""
    total = 0.0
    for row in template.of("AWS::Events::Rule"):
        found = _RATE.fullmatch(row.get("ScheduleExpression", ""))
        if found is None:
            raise CostError("A rule of EventBridge is no rate(...), so its bill is unknown.")
        total += HOURS * SECONDS / (int(found[1]) * _UNIT_SECONDS[found[2]])
    return total


PRICERS: Mapping[Pricer, frozenset[str]] = {
    tasks: frozenset(
        {
            *("AWS::ECS::Service", "AWS::ECS::TaskDefinition"),
            *("AWS::ApplicationAutoScaling::ScalableTarget",),
            *("AWS::ApplicationAutoScaling::ScalingPolicy",),
        }
    ),
    load_balancer: frozenset({"AWS::ElasticLoadBalancingV2::LoadBalancer"}),
    function: frozenset({"AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Events::Rule"}),
    api: frozenset({"AWS::ApiGateway::RestApi"}),
    distribution: frozenset({"AWS::CloudFront::Distribution", "AWS::CloudFront::Function"}),
    firewall: frozenset({"AWS::WAFv2::WebACL"}),
    network: frozenset(
        {"AWS::EC2::Instance", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::VPCEndpoint"}
    ),
    database: frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}),
    cache: frozenset({"AWS::ElastiCache::ServerlessCache"}),
    queues: frozenset({"AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping"}),
    buckets: frozenset({"AWS::S3::Bucket"}),
    secrets: frozenset({"AWS::SecretsManager::Secret"}),
    watching: frozenset(
        {
            *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"),
            *("AWS::CloudWatch::Dashboard", "AWS::Logs::LogGroup"),
        }
    ),
    keys: frozenset({"AWS::KMS::Key"}),
}

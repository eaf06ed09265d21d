"""The REST API: one proxy to the alias, and the routes that stream."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from controlplane.streaming_routes import STREAMING_ROUTES
from infra.components.log_groups import LogGroups
from infra.components.nag import acknowledge
from infra.stages import Cors, Stage

API_STAGE = "live"
MAX_STREAM_SECONDS = 900
# Type of API Gateway's own answer -> type and code of the envelope.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
REFUSALS = {
    "DEFAULT_4XX": ("invalid_request_error", None),
    "DEFAULT_5XX": ("api_error", "internal_error"),
    "THROTTLED": ("rate_limit_error", "rate_limit_exceeded"),
    "WAF_FILTERED": ("permission_error", "permission_denied"),
}


class Api(Construct):
    """`api`, with `arn` for the firewall. `connect` gives it its function."""

    def __init__(
        self, scope: Construct, id_: str, stage: Stage, cors: Cors, log_groups: LogGroups
    ) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=stage.prefix,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            default_cors_preflight_options=_preflight(cors),
            deploy_options=apigateway.StageOptions(
                stage_name=API_STAGE,
                throttling_rate_limit=stage.throttle_per_second,
                throttling_burst_limit=stage.throttle_burst,
                access_log_destination=apigateway.LogGroupLogDestination(
                    log_groups.add("Access", f"/aws/apigateway/{stage.prefix}")
                ),
                access_log_format=apigateway.AccessLogFormat.custom(_access_log()),
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=stage.xray,
            ),
        )
        # Its own address is no output: the firewall refuses who comes there directly.
        self.api.node.try_remove_child("Endpoint")
        # Of this one API Gateway itself says the name; made before it is needed, it has an end.
        errors = f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{API_STAGE}"
        self.api.deployment_stage.node.add_dependency(log_groups.add("Errors", errors))
        self.arn = self.api.deployment_stage.stage_arn
        self._refuse_like_the_function()
        self._explain()

    def origin(
        self, read_timeout: Duration, custom_headers: Mapping[str, str]
    ) -> cloudfront.IOrigin:
        """For CloudFront. Not by the stage's own address: it must not wait for the function."""
        return origins.HttpOrigin(
            f"{self.api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
            origin_path=f"/{API_STAGE}",
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=read_timeout,
            custom_headers=custom_headers,
        )

    def connect(self, alias: lambda_.IFunction) -> None:
        """Send everything to the alias; what STREAMING_ROUTES names in streaming form."""
        buffered = apigateway.LambdaIntegration(
            alias,
            allow_test_invoke=False,
            scope_permission_to_method=False,
            timeout=Duration.seconds(self._stage.collect_seconds),
        )
        self.api.root.add_proxy(any_method=False).add_method("ANY", buffered)
        if not self._stage.streaming:
            return
        streamed = apigateway.LambdaIntegration(
            alias,
            allow_test_invoke=False,
            scope_permission_to_method=False,
            response_transfer_mode=apigateway.ResponseTransferMode.STREAM,
            timeout=Duration.seconds(min(self._stage.timeout_seconds, MAX_STREAM_SECONDS)),
        )
        for method, path in STREAMING_ROUTES:
            resource: apigateway.IResource = self.api.root
            for part in path.strip("/").split("/"):
                resource = resource.get_resource(part) or _branch(resource, part, buffered)
            resource.add_method(method, streamed)

    def _refuse_like_the_function(self) -> None:
        """What API Gateway and the firewall answer by themselves, in OpenAI's error envelope."""
        for name, (kind, code) in REFUSALS.items():
            self.api.add_gateway_response(
                name.title().replace("_", ""),
                type=apigateway.ResponseType.of(name),
                templates={"application/json": _envelope(kind, code)},
                response_headers={"x-request-id": "context.requestId"}
                | ({"Retry-After": "'1'"} if name == "THROTTLED" else {}),
            )

    def _explain(self) -> None:
        acknowledge(
            self,
            {
                "APIG2": "The function validates every request and answers in OpenAI's own error "
                "envelope, which API Gateway cannot.",
                "APIG4": "The function authenticates: API keys and tokens, with one kind of "
                "refusal for every client.",
                "COG4": "The function authenticates: most callers have an API key and are not in "
                "the user pool.",
                "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonAPIGatewayPushToCloudWatchLogs]": "An account-wide setting of API Gateway; "
                "the policy is the one AWS keeps for it.",
            },
        )


def _branch(
    parent: apigateway.IResource, part: str, rest: apigateway.Integration
) -> apigateway.IResource:
    """A resource that sends to `rest` what it and its children do not name.

    AWS does not say that a path which a branch does not have is looked for in the outer `{proxy+}`.
    """
    resource = parent.add_resource(part)
    resource.add_method("ANY", rest)
    # API Gateway refuses a second variable child; a `{name}` is a branch that has a proxy itself.
    if not any(path.startswith(f"{resource.path}/{{") for _, path in STREAMING_ROUTES):
        resource.add_proxy(any_method=False).add_method("ANY", rest)
    return resource


def _preflight(cors: Cors) -> apigateway.CorsOptions | None:
    if not cors.allow_origins:
        return None
    return apigateway.CorsOptions(
        allow_origins=cors.allow_origins,
        allow_methods=cors.allow_methods,
        allow_headers=cors.allow_headers,
        max_age=Duration.seconds(cors.max_age_seconds),
    )


def _envelope(kind: str, code: str | None) -> str:
    """API Gateway fills the message in, with its quotes."""
    error = {"message": "MESSAGE", "type": kind, "param": None, "code": code}
    return json.dumps({"error": error}).replace('"MESSAGE"', "$context.error.messageString")


def _access_log() -> str:
    """Who, what, how long; no query and no header, where a credential could stand."""
    context = apigateway.AccessLogField
    fields = {
        "request_id": context.context_request_id(),
        "time": context.context_request_time_epoch(),
        "edge_ip": context.context_identity_source_ip(),  # of CloudFront
        "method": context.context_http_method(),
        "path": context.context_path(),
        "protocol": context.context_protocol(),
        "status": context.context_status(),
        "bytes": context.context_response_length(),
        "latency_ms": context.context_response_latency(),
        "integration_latency_ms": context.context_integration_latency(),
        "error": context.context_error_response_type(),
        "firewall_status": context.context_waf_response_code(),
    }
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}"

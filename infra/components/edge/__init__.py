"""CloudFront: the console's files and the API under one name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.components.nag import acknowledge
from infra.stages import Cors, Stage

API_PATHS = (
    *("/v1/*", "/openai/*", "/api/*", "/admin/*", "/oauth2/*", "/health*"),
    *("/docs", "/openapi.json"),
)
ORIGIN_HEADER = "x-llm-cp-origin"  # tells the firewall that a request came through here
CALLER_HEADER = "x-llm-cp-caller"  # a hash of the credential, for the firewall's rate
VIEWER_HEADER = "x-llm-cp-viewer"  # the viewer's address, for the firewall's rate
_HERE = Path(__file__).parent


class Entrance(Protocol):
    """What stands behind CloudFront."""

    def origin(
        self, read_timeout: Duration, custom_headers: Mapping[str, str]
    ) -> cloudfront.IOrigin:
        """How CloudFront reaches it."""


class Edge(Construct):
    """`distribution`, the console's `bucket`, and the public `url`, without a slash at its end."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        *,
        entrance: Entrance,
        cors: Cors,
        origin_secret: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, id_)
        self.bucket = self._bucket(stage)
        domain = stage.domain
        certificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
            if domain
            else None
        )
        to_api = self._to_api(stage, entrance, cors, origin_secret)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=stage.prefix,
            default_root_object="index.html",
            default_behavior=self._to_console(),
            additional_behaviors=dict.fromkeys(API_PATHS, to_api),
            domain_names=[domain.name] if domain else None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
        name = domain.name if domain else self.distribution.distribution_domain_name
        self.url = f"https://{name}"
        self._explain(stage)

    def _bucket(self, stage: Stage) -> s3.Bucket:
        """What is in it can be built again; it must be emptied before the stage is removed."""
        return s3.Bucket(
            self,
            "Console",
            # A name that the deployment's role can be held to.
            bucket_name=f"{stage.prefix}-console-{Aws.ACCOUNT_ID}-{Aws.REGION}",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _to_console(self) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
            function_associations=[self._on_request("ConsoleRequest", "console_request.js")],
        )

    def _to_api(
        self, stage: Stage, entrance: Entrance, cors: Cors, secret: secretsmanager.ISecret
    ) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=entrance.origin(
                Duration.seconds(stage.origin_read_timeout_seconds),
                {ORIGIN_HEADER: secret.secret_value.unsafe_unwrap()},  # a reference, no value
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # Authorization too; Host would be refused by API Gateway.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=self._cors(cors),
            compress=False,  # a compressor would hold a stream's chunks back
            function_associations=[self._on_request("ApiRequest", "api_request.js")],
        )

    def _cors(self, cors: Cors) -> cloudfront.ResponseHeadersPolicy | None:
        if not cors.allow_origins:
            return None
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Cors",
            cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
                access_control_allow_credentials=False,
                access_control_allow_origins=cors.allow_origins,
                access_control_allow_methods=cors.allow_methods,
                access_control_allow_headers=cors.allow_headers,
                access_control_expose_headers=cors.expose_headers,
                access_control_max_age=Duration.seconds(cors.max_age_seconds),
                origin_override=True,
            ),
        )

    def _on_request(self, id_: str, file: str) -> cloudfront.FunctionAssociation:
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
            function=cloudfront.Function(
                self,
                id_,
                code=cloudfront.FunctionCode.from_file(file_path=str(_HERE / file)),
                runtime=cloudfront.FunctionRuntime.JS_2_0,
            ),
        )

    def _explain(self, stage: Stage) -> None:
        acknowledge(
            self.bucket, {"S1": "Public files of the console; CloudFront alone may read them."}
        )
        acknowledge(
            self.distribution,
            {
                "CFR1": "Whom to let in is said by API keys and the user pool, not by country.",
                "CFR2": "The web ACL stands before the API, in its region, where it also sees who "
                "does not come through CloudFront; the console is a handful of static files.",
                "CFR3": "API requests are in the gateway's own log, and in the audit trail.",
            }
            | (
                {}
                if stage.domain
                else {"CFR4": "CloudFront's own name has its own rules of TLS; a domain has ours."}
            ),
        )

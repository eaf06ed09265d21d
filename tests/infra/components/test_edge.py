"""CloudFront: the console and the API under one name."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, cast

import pytest
from tests.infra.components.conftest import ViewerRequest
from tests.infra.template import Template, resolved, text

from controlplane.api.app import create_app
from controlplane.wiring import Container

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
API_PATHS = {
    *("/v1/*", "/openai/*", "/api/*", "/admin/*", "/oauth2/*", "/health*"),
    *("/docs", "/openapi.json"),
}


def test_the_api_is_never_cached_and_gets_the_credential(distribution: dict[str, Any]) -> None:
    behaviours = {entry["PathPattern"]: entry for entry in distribution["CacheBehaviors"]}
    assert set(behaviours) == API_PATHS
    for behaviour in behaviours.values():
        assert behaviour["CachePolicyId"] == CACHING_DISABLED
        assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
        assert "POST" in behaviour["AllowedMethods"]
        assert "DELETE" in behaviour["AllowedMethods"]
        assert behaviour["ViewerProtocolPolicy"] == "https-only"
        assert behaviour["Compress"] is False
    assert distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    # For the whole distribution: the console's way with 404 would hide the API's.
    assert "CustomErrorResponses" not in distribution


def test_every_path_of_the_api_is_sent_to_it() -> None:
    documented = create_app(cast(Container, object())).openapi()["paths"]
    paths = [*documented, "/docs", "/openapi.json"]  # which do not document themselves
    unsent = [path for path in paths if not any(fnmatchcase(path, each) for each in API_PATHS)]
    assert unsent == []


def test_the_origin_of_the_api_is_reached_by_tls_and_waited_for(
    functions: dict[str, Template], stage: str
) -> None:
    template = functions[stage]
    distribution = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    (origin,) = (entry for entry in distribution["Origins"] if "CustomOriginConfig" in entry)
    assert {entry["TargetOriginId"] for entry in distribution["CacheBehaviors"]} == {origin["Id"]}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert 30 <= origin["CustomOriginConfig"]["OriginReadTimeout"] <= 120
    api = template.id_of("AWS::ApiGateway::RestApi")
    assert resolved(origin["DomainName"]).startswith(f"<{api}>.execute-api.")
    assert origin["OriginPath"] == "/" + template.one("AWS::ApiGateway::Stage")["StageName"]


def test_the_console_is_read_by_the_distribution_alone(
    template: Template, distribution: dict[str, Any]
) -> None:
    (origin,) = (entry for entry in distribution["Origins"] if "S3OriginConfig" in entry)
    assert origin["OriginAccessControlId"]
    readers = [
        statement
        for logical_id, statement in template.statements()
        if statement["Effect"] == "Allow"
        and "s3:GetObject" in text(statement.get("Action"))
        and template.resources[logical_id]["Type"] == "AWS::S3::BucketPolicy"
    ]
    (reader,) = readers
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert template.id_of("AWS::CloudFront::Distribution") in text(reader["Condition"])


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/index.html"),
        ("/policies/team.one/edit", "/index.html"),
        ("/assets/app-1a2b.js", "/assets/app-1a2b.js"),
    ],
)
def test_a_page_of_the_console_is_index_html(
    viewer_request: ViewerRequest, path: str, file: str
) -> None:
    sent = viewer_request("console_request.js", {"request": {"uri": path, "headers": {}}})
    assert sent["uri"] == file

"""Events as API Gateway, a function URL and a load balancer send them."""

from __future__ import annotations

import base64
import json
from typing import Any

CHAT = "/v1/chat/completions"


def rest_v1(body: Any, key: str, *, path: str = CHAT, as_base64: bool = False) -> dict[str, Any]:
    """REST API, payload format 1.0."""
    text = json.dumps(body)
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "host": "abc.execute-api.us-east-1.amazonaws.com",
    }
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "httpMethod": "POST",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "test"},
            "path": f"/prod{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": base64.b64encode(text.encode()).decode() if as_base64 else text,
        "isBase64Encoded": as_base64,
    }


def http_v2(body: Any, key: str, *, path: str = CHAT) -> dict[str, Any]:
    """HTTP API and function URL, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "host": "x.lambda-url.us-east-1.on.aws",
        },
        "requestContext": {
            "accountId": "anonymous",
            "domainName": "x.lambda-url.us-east-1.on.aws",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def load_balancer(body: Any, key: str, *, path: str = CHAT) -> dict[str, Any]:
    """Application Load Balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST",
        "path": path,
        "queryStringParameters": {},
        "headers": {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "host": "lb.example.com",
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }

"""Datadog's extension beside the function, where the stage says so."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct
from datadog_cdk_constructs_v2 import DatadogDefaultLayerVersions, DatadogLambda

from infra.stages import Stage


class Datadog(Construct):
    """Adds the extension, Datadog's library and their settings; the handler stays ours."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        function: lambda_.Function,
        api_key: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, id_)
        datadog = DatadogLambda(
            self,
            "Lambda",
            extension_layer_version=DatadogDefaultLayerVersions.EXTENSION,
            python_layer_version=DatadogDefaultLayerVersions.PYTHON,
            add_layers=True,
            redirect_handler=False,
            api_key_secret=api_key,
            env=stage.name,
            service="llm-control-plane",
            enable_datadog_tracing=False,
            enable_datadog_logs=False,
            capture_lambda_payload=False,  # prompts stay here
            source_code_integration=False,
        )
        datadog.add_lambda_functions([function])

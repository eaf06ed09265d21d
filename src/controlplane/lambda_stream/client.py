"""AWS's runtime client, with live answers for the streaming routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from awslambdaric.lambda_runtime_client import InvocationRequest, LambdaRuntimeClient
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from controlplane.api.live import Answered, LiveApp, LiveEvent
from controlplane.lambda_handler import event_loop
from controlplane.lambda_stream.response import Invocation, send_answer
from controlplane.streaming_routes import STREAMING_ROUTES


class StreamingRuntimeClient(LambdaRuntimeClient):  # type: ignore[misc]  # it has no types
    """For `awslambdaric.bootstrap.run`.

    An event of a streaming route reaches the handler as a LiveEvent. What is answered live has
    nothing left to be posted.
    """

    def __init__(self, address: str, use_thread_for_polling_next: bool = False) -> None:
        super().__init__(address, use_thread_for_polling_next)
        self.marshaller = _Marshaller(self._send_answer)

    def wait_next_invocation(self) -> InvocationRequest:
        """The next event; it is the one that live answers belong to."""
        request = super().wait_next_invocation()
        self._invocation = Invocation(
            address=self.lambda_runtime_address,
            request_id=request.invoke_id,
            invocation_id=request.invocation_id,
            deadline_ms=int(request.deadline_time_in_ms),
        )
        return request

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: Any,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> None:
        """Post what the handler returned."""
        if not isinstance(result_data, Answered):
            super().post_invocation_result(invoke_id, result_data, content_type, invocation_id)

    def _send_answer(self, app: LiveApp) -> Answered:
        return event_loop().run_until_complete(send_answer(app, self._invocation))


class _Marshaller(LambdaMarshaller):  # type: ignore[misc]  # it has no types
    def __init__(self, send_answer: Callable[[LiveApp], Answered]) -> None:
        super().__init__()
        self._send_answer = send_answer

    def unmarshal_request(self, request: bytes, content_type: str = "application/json") -> Any:
        event = super().unmarshal_request(request, content_type)
        return LiveEvent(event, self._send_answer) if is_streaming(event) else event

    def marshal_response(self, response: Any) -> tuple[Any, str]:
        if isinstance(response, Answered):
            return response, "application/json"
        result: tuple[Any, str] = super().marshal_response(response)
        return result


def is_streaming(event: Any) -> bool:
    """Whether API Gateway waits for a streamed response.

    It says so of resources; the path may carry a base path, or have come in over `{proxy+}`.
    """
    if not isinstance(event, Mapping) or "requestContext" not in event:
        return False
    return (event.get("httpMethod"), event.get("resource")) in STREAMING_ROUTES

"""How a command ends: its exit code, and the errors that say why in one sentence."""

from __future__ import annotations

from controlplane.errors import ControlPlaneError

EXIT_OK, EXIT_FOUND, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 130


class CommandError(ControlPlaneError):
    """The command cannot be done; the message is one sentence for a person, `details` are lines
    below it."""

    def __init__(self, message: str, *details: str) -> None:
        super().__init__(message)
        self.details = details


class Unanswered(CommandError):
    """The gateway did not answer, or not now: asking again may help."""


class NotTheGateway(CommandError):
    """What answered is something else than the gateway."""

    def __init__(self) -> None:
        super().__init__("The answer is not one of the gateway's; is this its address?")

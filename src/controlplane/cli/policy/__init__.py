"""`llm-cp policy`: what an organisation, an application, a key or a user may do."""

from __future__ import annotations

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.options import FILE, FORCE, IF_MATCH, LIMIT, NEWEST, YES
from controlplane.cli.policy import subcommands
from controlplane.cli.policy.subcommands import LEVELS

_SUBJECT = argument(
    "subject",
    metavar="LEVEL/ID",
    help=f"whose policy: {', '.join(f'{level}/ID' for level in LEVELS)}",
)

GROUP = Group(
    "policies: list, get, put, delete, diff, validate, history, rollback, effective",
    """\
A policy says what an organisation, an application, a key or a user may do, and how much. All
levels hold at once. A change holds from the next request on, as a new version.""",
    """\
llm-cp policy get application/app-support > policy.json
llm-cp policy validate policy.json
llm-cp policy diff application/app-support policy.json
llm-cp policy put application/app-support policy.json
llm-cp policy effective --app app-support""",
    {
        "list": Command(
            "list them",
            "Lists the policies that are stored, by level and subject.",
            "llm-cp policy list\nllm-cp policy list --level api-key",
            subcommands.list_policies,
            (argument("--level", choices=LEVELS, help="those of one level"), LIMIT),
        ),
        "get": Command(
            "print the document of one",
            "Prints the document, ready to be edited and put again, and beside it the ETag for\n"
            "`put --if-match`. --json prints the gateway's answer around it.",
            "llm-cp policy get application/app-support > policy.json\n"
            "llm-cp policy get application/app-support --version 3",
            subcommands.get_policy,
            (
                _SUBJECT,
                argument("--version", type=int, metavar="N", help="an older version"),
            ),
        ),
        "put": Command(
            "write one out of a file",
            "Stores the document in FILE as the whole policy. It holds from the next request on.\n"
            "What is wrong with it is told field by field, and nothing is stored. With --if-match\n"
            "nothing is stored either where it has changed since it was got.",
            "llm-cp policy put application/app-support policy.json\n"
            "llm-cp policy put application/app-support policy.json --if-match 5d41402abc4b2a76\n"
            'echo \'{"rate_limits": [{"requests": 10, "window_seconds": 60}]}\' \\\n'
            "  | llm-cp policy put api-key/key-5f0c -",
            subcommands.put_policy,
            (_SUBJECT, FILE, IF_MATCH, FORCE),
        ),
        "delete": Command(
            "remove one",
            "Removes a policy: the level says nothing from the next request on. Its versions\n"
            "stay, and can be rolled back to. Asks first on a terminal.",
            "llm-cp policy delete application/app-support",
            subcommands.delete_policy,
            (_SUBJECT, YES, FORCE),
            has_json=False,
        ),
        "diff": Command(
            "compare the stored one with a file",
            "Shows as a unified diff what `put` would change. The order of fields does not count.",
            "llm-cp policy diff application/app-support policy.json\n"
            "llm-cp policy diff application/app-support policy.json || echo drifted",
            subcommands.diff_policy,
            (_SUBJECT, FILE),
            exits="0 the same, 1 different, 2 wrong use or a refusal",
            has_json=False,
        ),
        "validate": Command(
            "check a file, without a gateway",
            "Tells what is wrong with the document in FILE, field by field. No gateway is asked.",
            "llm-cp policy validate policy.json\n"
            "for file in policies/*.json; do llm-cp policy validate $file || exit; done",
            subcommands.validate_policy,
            (FILE,),
            exits="0 a policy, 1 faults, 2 wrong use or not a JSON object",
            has_json=False,
        ),
        "history": Command(
            "list its versions, newest first",
            "Lists every version that was ever in force, removals included.",
            "llm-cp policy history application/app-support",
            subcommands.list_versions,
            (_SUBJECT, NEWEST),
        ),
        "rollback": Command(
            "go back to an older version",
            "Stores the document of an older version anew, as the newest one.",
            "llm-cp policy history application/app-support\n"
            "llm-cp policy rollback application/app-support 3",
            subcommands.roll_back,
            (_SUBJECT, argument("version", type=int, metavar="VERSION", help="its number"), FORCE),
        ),
        "effective": Command(
            "show what holds for a caller",
            "Shows the merged policy of an application, a key or a user, and the documents that\n"
            "it comes from.",
            "llm-cp policy effective --app app-support\n"
            "llm-cp policy effective --key key-5f0c --json | jq .policy.cost_caps",
            subcommands.effective_policy,
            (
                argument("--app", metavar="APP", help="an application; a key names its own"),
                argument("--key", metavar="KEY", help="the id of a key"),
                argument("--user", metavar="SUB", help="or a user, by the sub of its token"),
            ),
        ),
    },
)

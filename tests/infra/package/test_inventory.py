"""What the bill of materials says, and which licences may be in the zip."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from tests.infra.package.conftest import Package

from infra.package.inventory import Component, check_licences, components
from infra.package.toolchain import PackageError, lambda_python
from infra.package.wheels import LEFT_OUT

VERIFY_FROM_THE_ZIP = """
import asyncio, base64, json, sys
sys.path[:0] = [sys.argv[1]]
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.python_jose_key import PythonJoseKey
from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.config import CognitoSettings
from controlplane.errors import Unauthenticated

def encode(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

key = rsa.generate_private_key(65537, 2048)
modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
public = {"kty": "RSA", "kid": "k", "n": encode(modulus), "e": "AQAB"}
body = json.dumps({"keys": [public]}).encode()
served = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(body)))
head, payload = encode(b'{"alg":"RS256","kid":"k"}'), encode(b"claims")
signed = f"{head}.{payload}".encode()
signature = encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))

async def ask(library):
    settings = CognitoSettings("https://issuer.test", "https://issuer.test/keys", frozenset({"c"}))
    verifier = CognitoVerifier(settings, lambda: httpx.AsyncClient(transport=served), library)
    said = [(await verifier.signed_payload(f"{head}.{payload}.{signature}")).decode()]
    try:
        await verifier.signed_payload(f"{head}.{encode(b'others')}.{signature}")
    except Unauthenticated as error:
        said.append(error.reason)
    return said

print(json.dumps({"said": [asyncio.run(ask(each)) for each in (JoserfcKey, PythonJoseKey)],
    "loaded": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def _installed(folder: Path, name: str, *lines: str) -> None:
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    head = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines]
    (metadata / "METADATA").write_text("\n".join(head) + "\n\n")


@pytest.mark.parametrize(
    ("line", "licence"),
    [
        ("License-Expression: MIT AND (Apache-2.0 OR BSD-3-Clause)", None),
        ("License: Apache License 2.0", "Apache-2.0"),
        ("License: MIT License  Copyright (c) 2022", None),
        ("Classifier: License :: OSI Approved :: BSD License", "BSD-3-Clause"),
        ("License: Dual License", ""),
        ("Summary: says nothing", ""),
    ],
)
def test_licences_are_read_in_all_their_spellings(
    tmp_path: Path, line: str, licence: str | None
) -> None:
    _installed(tmp_path, "Some_Package", line)
    (found,) = components(tmp_path)
    assert (found.name, found.version) == ("some-package", "1.0")
    if licence is not None:
        assert found.licence == licence


@pytest.mark.parametrize("licence", ["", "GPL-3.0-only", "MIT AND AGPL-3.0-only", "Proprietary"])
def test_a_package_whose_licence_is_not_allowed_is_named(licence: str) -> None:
    with pytest.raises(PackageError, match=r"strange 2\.0 \("):
        check_licences([Component("fine", "1.0", "MIT"), Component("strange", "2.0", licence)])


def test_of_alternatives_one_has_to_be_allowed() -> None:
    check_licences([Component("dual", "1.0", "GPL-2.0-only OR MIT")])


def test_the_bill_is_of_this_very_zip_and_of_all_that_is_in_it(arm64_package: Package) -> None:
    bill = json.loads(arm64_package.path.with_suffix(".cdx.json").read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    (digest,) = bill["metadata"]["component"]["hashes"]
    assert digest["content"] == hashlib.sha256(arm64_package.path.read_bytes()).hexdigest()
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    shipped = components(arm64_package.folder)
    assert listed == {(each.name, each.version) for each in shipped}
    assert {"fastapi", "cryptography", "joserfc", "python-jose"} <= {name for name, _ in listed}
    check_licences(shipped)


def test_what_python_jose_never_imports_is_not_shipped(arm64_package: Package) -> None:
    tops = {path.name.partition("-")[0] for path in arm64_package.folder.iterdir()}
    assert not tops & set(LEFT_OUT)


def test_tokens_are_verified_from_the_zip_without_it(native_folder: Path) -> None:
    done = subprocess.run(
        [lambda_python(None), "-I", "-S", "-c", VERIFY_FROM_THE_ZIP, str(native_folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["said"] == [["claims", "signature"]] * 2
    assert not set(answer["loaded"]) & set(LEFT_OUT)

"""Hard negatives: numbers, names and code that look like something and are nothing."""

from __future__ import annotations

import base64
import random
import uuid

from tests.screening_eval.values import ALNUM, DIGITS, HEX, UPPER, digits, text

_FIXED = (
    "std::vector<std::string> names; std::sort(names.begin(), names.end());",
    "using namespace std; a::b::c d = e::f(1); ::close(fd); face::dead::beef x;",
    "print(data[::2], data[1::2], data[10::-1], x[1000::2])",
    "git clone git@github.com:owner/repository.git && cd repository",
    "git remote add origin git@gitlab.example.com:group/sub/project.git",
    "ssh-add; git push git@ssh.dev.azure.com:v3/org/project/repo main",
    "scp build.tar deploy@web1:/srv/www && rsync -a . deploy@web1.internal.example:/srv/",
    "npm i left-pad@1.3.0 @types/node@20.1.0 && open image@2x.png && pip install a@https://x.y/z",
    "attention = softmax(q@k.transpose(-2, -1) / scale) @ v; y = x@w.T + b; g = a@b.reshape(3)",
    "@app.route('/users') @pytest.mark.parametrize @media (min-width: 600px)",
    "systemctl restart getty@tty1.service user@1000.service",
    "The years 2019 2020 2021 2022 were hard, 1998 1999 2000 2001 too.",
    "Matrix rows: 4000 4001 4002 4003 4004 4005; 0110 1010 0101 1100; 100 200 3000 400",
    "ISBN 978-0-306-40615-7, ISBN-10 0-306-40615-2, ISBN 9780306406157, ISSN 0317-8471",
    "ORCID 0000-0002-1825-0097 and 0000-0001-5109-3700, DOI 10.1000/182, arXiv:2401.01234v2",
    "pi is 3.14159265358979323846, e is 2.718281828459045, c is 299792458 m/s, h 6.62607015e-34",
    "Python 3.11.4, node 20.10.0, Windows 10.0.19045.3803, Chrome/120.0.0.0 Safari/537.36",
    "Version 1.2.3.4 replaces v1.2.3.3; version=4.0.0.0; numpy==1.26.4.1; section 4.1.2.3",
    "listen 127.0.0.1:8080 and 0.0.0.0:80, mask 255.255.255.0, ::1 is loopback, :: is any",
    "OIDs 1.3.6.1.4.1.311 and 1.2.840.113549; SNMP 1.3.6.1.2.1.1.1.0",
    "MAC 00:1a:2b:3c:4d:5e, time 12:34:56, ratio 3:4:5, fingerprint aa:bb:cc:dd:ee:ff:00:11:22:33",
    "WWN 50:06:01:60:3b:e0:12:34; verse John 3:16-18; score 6-4 3-6 7-5",
    "pip install scikit-learn; import sklearn as sk; sk-learn, task-force, risk-free, disk-based",
    "from huggingface_hub import hf_hub_download; hf_hub_url; npm_config_user_agent; pypi-server",
    "api_key = os.environ['OPENAI_API_KEY']; key = getenv(\"API_KEY\"); token = config.token",
    'password = "your-password-here"; password: "changeme"; PASSWORD="********"; pwd = "<pass>"',
    'password = input("Password: "); passwd = getpass.getpass(); secret = None; token = ""',
    "const password = req.body.password; if (password === confirmPassword) return hash(password);",
    "Set OPENAI_API_KEY=sk-... or sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx or sk-your-api-key-here",
    "ANTHROPIC_API_KEY=<your key>; MISTRAL_API_KEY=${MISTRAL_API_KEY}; api_key: str = Field(...)",
    "postgres://user:${DB_PASSWORD}@db:5432/app and redis://localhost:6379/0 and amqp://host",
    "between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY----- the key stands",
    "Solve 2x + 3y = 12, x^2 - 5x + 6 = 0; 12345678901234567890 mod 97; 987654321 * 123456789",
    "SELECT id, created_at FROM orders WHERE id IN (5551234567, 5559876543) LIMIT 1000000000;",
    "Call the function with 1234567890 and pass 9876543210 as seed.",
    "Passport control was slow; our bank account is empty; the IBAN field is required.",
    "Tel Aviv 2024: 1,234,567,890 people; cell 1024x768; hotel 5551234567",
    "def f(x: int) -> str: return f'{x:02d}'  # see RFC 7231 section 6.5.1, error 0x80070005",
    "Bearer <token>; Authorization: Basic <credentials>; x-api-key: YOUR_API_KEY",
    "Latitude 40.712776, longitude -74.005974; +37.7749,-122.4194; +1.4142135623731",
    "GTIN 4006381333931, EAN 5901234123457, UPC 036000291452, ASIN B08N5WRWNW",
    "0123456789 0123456789 0123456789; 1111 2222 3333 4444; 1234-5678-9012-3456",
    "2024-01-15T10:30:00.123456Z 2024-01-15 10:30:00 15.01.2024 01/15/2024 20240115103000",
    "chmod 0755; umask 022; 0600 0644; exit 127; port 65535; HTTP 404 Not Found",
    "UPS 1Z999AA10123456784; flight LH 400; VIN 1HGCM82633A004352; license plate B-AB 1234",
    "In 1990-2020 the index rose 3.5%; pp. 123-456; vol. 12, no. 3, 555-567; call 2 or 3 people",
    "css: #ff00aa; rgba(12, 34, 56, 0.5); margin: 10px 20px 30px 40px; grid 1 / 2 / 3 / 4",
    "let phoneRegex = /^\\+?[0-9]{10,15}$/; const emailRegex = /^[^@]+@[^@]+\\.[^@]+$/;",
    "The token budget is 128000; secret sauce; the password policy asks for 12 characters.",
    "E = mc^2; P(A|B) = P(B|A)P(A)/P(B); sum_{i=1}^{100} i = 5050; 10^-19; 6.022e23",
)


def _order(rng: random.Random) -> str:
    return digits(rng, "Order 1################ shipped, invoice ########, ticket #########.")


def _timestamps(rng: random.Random) -> str:
    return digits(rng, "at 17######## and 17###########, 2024-0N-1# 1#:0#:0#, took #########ns")


def _hashes(rng: random.Random) -> str:
    return (
        f"commit {text(rng, HEX, 40)} (was {text(rng, HEX, 7)}), md5 {text(rng, HEX, 32)}, "
        f"sha256:{text(rng, HEX, 64)}"
    )


def _uuids(rng: random.Random) -> str:
    return f"id {uuid.UUID(int=rng.getrandbits(128), version=4)} in {text(rng, ALNUM, 10)}"


def _base64(rng: random.Random) -> str:
    data = base64.b64encode(rng.randbytes(rng.randrange(30, 90))).decode()
    return f'{{"image": "{data}"}} and src="data:image/png;base64,{data}"'


def _base64_text(rng: random.Random) -> str:
    plain = f"Row {rng.randrange(10_000)}: nothing to see here, an ordinary sentence."
    return f"Decode {base64.b64encode(plain.encode()).decode()} please."


def _decimals(rng: random.Random) -> str:
    return " ".join(f"{rng.uniform(-1000, 1000):.{rng.randrange(2, 16)}f}" for _ in range(6))


def _table(rng: random.Random) -> str:
    return "\n".join(
        digits(rng, f"{row},NNNN,{rng.random():.6f},####,#####,0.####") for row in range(6)
    )


def _versions(rng: random.Random) -> str:
    return digits(rng, "v1.#.#.## -> v2.#.##.#, build 10.0.1####.###, image:1.2#.#-r#, ^4.1#.2")


def _identifiers(rng: random.Random) -> str:
    return (
        f"SKU {text(rng, UPPER, 3)}-{text(rng, DIGITS, 6)}, part {text(rng, DIGITS, 4)}-"
        f"{text(rng, DIGITS, 4)}, row_{text(rng, DIGITS, 10)}, img_{text(rng, DIGITS, 8)}.jpg"
    )


_MADE = (
    _order, _timestamps, _hashes, _uuids, _base64, _base64_text, _decimals, _table, _versions,
    _identifiers,
)  # fmt: skip


def negatives(rng: random.Random, each: int) -> list[str]:
    """The fixed ones, and `each` of every made kind."""
    return [*_FIXED, *(make(rng) for make in _MADE for _ in range(each))]

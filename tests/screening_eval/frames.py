"""Texts that stand around a value: `{v}` is the value, `{n}` the name of its issuer.

Every second frame of a list belongs to the held-out half.
"""

# ruff: noqa: E501 (tables)
from __future__ import annotations

KEY_CODE = (
    'client = Client(api_key="{v}")', "API_KEY={v}", "const key = '{v}';", 'key := "{v}"',
    '{{"headers": {{"x-api-key": "{v}"}}}}', "curl -H 'Authorization: Bearer {v}' https://api.example.com/v1",
    "export TOKEN={v}\nmake deploy", "token: {v}\nretries: 3", 'ENV KEY="{v}"', "os.environ['K'] = '{v}'  # later",
    '{{"arguments": "{{\\"key\\": \\"{v}\\"}}"}}', "https://api.example.com/v2/items?access={v}&page=2",
    "let token: String = \"{v}\".to_string();", "<add key=\"ApiKey\" value=\"{v}\" />", "docker run -e SECRET={v} image",
    "define('TOKEN', '{v}');", "[auth]\ntoken = \"{v}\"\n", "put(\"key\", `{v}`)", "# old key: {v}", "x={v};",
)  # fmt: skip
KEY_PROSE = (
    "My key is {v}, please check it.", "It says {v}.", "I used `{v}` and it failed", "({v})", "**{v}**",
    "The token {v} expired yesterday; can you explain?", "| staging | {v} | old |", "> {v}", '"{v}"!', "Key: {v}\nThanks",
    "2026-03-01T10:00:00Z ERROR auth failed for {v} (401)", "<code>{v}</code>", "Was it {v}?", "- {v}\n- and another",
    "try {v}...", "[{v}](https://example.com)", "Ключ {v} больше не работает", "キーは{v}です", "clé : {v} ;", "a,{v},b",
)  # fmt: skip
NAMED_FRAMES = (
    "{N}_API_KEY={v}", 'const {c}Token = "{v}";', '{n}_api_key = "{v}"', "{n}_token: {v}", '"{n}_secret": "{v}"',
    "export {N}_SECRET='{v}'", 'var {c}Key string = "{v}"', '{{\\"{n}_token\\": \\"{v}\\"}}', "{N}_TOKEN ?= {v}",
    "<{c}Token>{v}</{c}Token>", '"{n}Token" => "{v}",', "{N}_KEY := {v}", "--{n}-api-key {v}", "{n}.api.key={v}",
    'ENV {N}_TOKEN "{v}"', "{c}ClientSecret: '{v}',", "my {n} api key is {v}", "{n}_token: |\n  {v}\n",
    'set{C}Token("{v}")', "{N}_ACCESS_TOKEN: \"{v}\"",
)  # fmt: skip
PASSWORD_FRAMES = (
    'password = "{v}"', "DB_PASSWORD={v}", '"password": "{v}"', "password: {v}", "mysqlPassword = '{v}';",
    "CREATE USER app IDENTIFIED BY '{v}';", "curl -u admin:{v} https://example.com", "ALTER ROLE app WITH PASSWORD '{v}';",
    "mysql --user=app --password={v} db", "Server=db;User Id=sa;Password={v};", "ConvertTo-SecureString \"{v}\" -AsPlainText",
    'db.connect(user="app", passwd="{v}")', "sshpass -p '{v}' ssh host", "my password is {v}", "ftp://app:{v}@files.example.com/in",
    "<password>{v}</password>", "spring.datasource.password={v}", "pwd='{v}'", '"adminPassword" : "{v}",', "Password: {v}\nRegards",
)  # fmt: skip
PLAIN = (
    "Please write to {v} about it.", "It is {v}, thanks.", "({v})", '"{v}"', "Use {v}.", "My data: {v}; delete it",
    "`{v}`", "<b>{v}</b>", "| name | {v} |", "> {v}", '{{"data": "{v}"}}', "value={v}&next=1", "line\n{v}\nline",
    "Was it {v}?", "a\t{v}\tb", "x,{v},y",
)  # fmt: skip
CARD_FRAMES = (
    "My credit card {v} has been lost.", "Please block card no {v}", "card number: {v}", "Charge {v} please.",
    '{{"pan": "{v}", "exp": "12/29"}}', "cc {v}", "paid with {v} on 2026-01-02", "{v}", "Visa: {v};", "card={v}",
)  # fmt: skip
# Words for a telephone in the languages of the countries whose numbers they stand beside.
PHONE_WORDS = {
    "en": ("Phone: {v}", "call me at {v}", "Tel. {v}", "my number is {v}", "mobile {v} please", '"phone_number": "{v}"',
           "reach us on {v}", "Can someone call me on {v}?", "registered mobile number {v}", "They're not answering at {v}"),
    "de": ("Telefon: {v}", "Tel.: {v}", "Handy {v}", "Rufen Sie {v} an", "Mobil: {v}", "Telefonnummer {v}"),
    "fr": ("Téléphone : {v}", "tél. {v}", "mon numéro de téléphone est le {v}", "portable : {v}"),
    "es": ("Teléfono: {v}", "móvil {v}", "mi celular es {v}", "llámame al {v}"),
    "pt": ("Telefone: {v}", "celular {v}", "telemóvel: {v}", "meu telefone é {v}"),
    "it": ("Telefono: {v}", "cellulare {v}", "il mio numero di telefono è {v}"),
    "nl": ("Telefoon: {v}", "mobiel {v}", "telefoonnummer: {v}"),
    "pl": ("Telefon: {v}", "tel. kom. {v}", "numer telefonu {v}"),
    "ru": ("Телефон: {v}", "тел. {v}", "мобильный {v}", "мой номер телефона {v}"),
    "uk": ("Телефон: {v}", "мій номер телефону {v}"),
    "tr": ("Telefon: {v}", "cep telefonu {v}"),
    "ar": ("هاتف: {v}", "رقم الهاتف {v}", "جوال {v}"),
    "he": ("טלפון: {v}", "נייד {v}"),
    "zh": ("电话: {v}", "手机号码 {v}", "電話: {v}"),
    "ja": ("電話番号: {v}", "電話 {v}", "携帯 {v}"),
    "ko": ("전화: {v}", "휴대폰 {v}", "전화번호 {v}"),
    "hi": ("फ़ोन: {v}", "मोबाइल {v}"),
    "th": ("โทร {v}", "โทรศัพท์: {v}"),
    "vi": ("Điện thoại: {v}", "số điện thoại {v}"),
    "el": ("Τηλέφωνο: {v}", "κινητό {v}"),
    "sv": ("Telefon: {v}", "mobilnummer {v}"),
    "fi": ("Puhelin: {v}", "puh. {v}"),
    "hu": ("Telefon: {v}", "telefonszám: {v}"),
    "cs": ("Telefon: {v}", "telefonní číslo {v}"),
    "id": ("Telepon: {v}", "nomor HP {v}"),
    "fa": ("تلفن: {v}", "موبایل {v}"),
    "bn": ("ফোন: {v}", "মোবাইল {v}"),
}  # fmt: skip
LANGUAGES = {
    "DE": "de", "AT": "de", "CH": "de", "LI": "de", "FR": "fr", "BE": "fr", "LU": "fr", "MC": "fr", "SN": "fr", "CI": "fr",
    "CM": "fr", "MA": "fr", "DZ": "ar", "TN": "ar", "ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es", "PE": "es",
    "VE": "es", "EC": "es", "UY": "es", "BO": "es", "PY": "es", "CU": "es", "PT": "pt", "BR": "pt", "AO": "pt", "MZ": "pt",
    "IT": "it", "SM": "it", "NL": "nl", "SR": "nl", "PL": "pl", "RU": "ru", "KZ": "ru", "BY": "ru", "KG": "ru", "UA": "uk",
    "TR": "tr", "EG": "ar", "SA": "ar", "AE": "ar", "IQ": "ar", "JO": "ar", "KW": "ar", "IL": "he", "CN": "zh", "TW": "zh",
    "HK": "zh", "JP": "ja", "KR": "ko", "IN": "hi", "TH": "th", "VN": "vi", "GR": "el", "CY": "el", "SE": "sv", "FI": "fi",
    "HU": "hu", "CZ": "cs", "SK": "cs", "ID": "id", "IR": "fa", "BD": "bn",
}  # fmt: skip

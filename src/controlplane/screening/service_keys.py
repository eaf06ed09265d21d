"""Keys of chat, mail, payment, shops and other services."""

from __future__ import annotations

from controlplane.screening.detector import Detector, genuine, secret

_ALNUM = "aB3dE6gH9j"
_HEX = "0a1b2c3d4e5f6789"
_UUID = "0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"


def _in_url(name: str, pattern: str, *matches: str) -> Detector:
    """The group of the pattern: the part of an address that gives access."""
    return Detector(name, "secret", "secrets", pattern, matches, (), genuine)


DETECTORS = (
    # https://api.slack.com/concepts/token-types
    secret(
        "slack_token",
        r"(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}|xoxe\.xox[bp]-\d-[A-Za-z0-9]{40,})",
        "xox" + "b-123456789012-123456789012-" + _ALNUM * 2,
        "xapp-1-A0B1C2D3E4-" + _ALNUM * 3,
        ignores=("xoxo", "xoxb-"),
    ),
    # https://api.slack.com/messaging/webhooks
    _in_url(
        "slack_webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]{20,}|[A-Za-z0-9+/]{43,56})",
        "https://hooks.slack.com/services/" + "T0A1B2C3D/B4E5F6A7B/" + _ALNUM * 2 + "aB3d",
    ),
    # https://docs.stripe.com/keys and https://docs.stripe.com/webhooks/signature
    secret(
        "stripe_key",
        r"(?:[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,})",
        "sk_" + "live_" + _ALNUM * 3,
        "rk_" + "test_" + _ALNUM * 3,
        "whsec_" + _ALNUM * 3,
        ignores=("pk_" + "live_" + _ALNUM * 3, "sk_test_"),
    ),
    # https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
    secret(
        "sendgrid_api_key",
        r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",
        "SG." + _ALNUM * 2 + "aB." + _ALNUM * 4 + "aB3",
    ),
    # https://www.twilio.com/docs/iam/api-keys
    secret(
        "twilio_api_key",
        r"SK[0-9a-fA-F]{32}\b",
        "SK" + _HEX * 2,
        ignores=("AC" + _HEX * 2, "SK" + _HEX * 4),
    ),
    # https://documentation.mailgun.com/docs/mailgun/api-reference; gitleaks: mailgun-*
    secret(
        "mailgun_api_key",
        r"(?:(?:pub)?key-[0-9a-f]{32}\b|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b)",
        "key-" + _HEX * 2,
        "pubkey-" + _HEX * 2,
        _HEX * 2 + "-0a1b2c3d-4e5f6789",
    ),
    # https://mailchimp.com/developer/marketing/docs/fundamentals; gitleaks: mailchimp-api-key
    secret("mailchimp_api_key", r"[0-9a-f]{32}-us\d{1,2}\b", _HEX * 2 + "-us21"),
    # https://developers.brevo.com; gitleaks: sendinblue-api-token
    secret(
        "brevo_api_key",
        r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}",
        "xkeysib-" + _HEX * 4 + "-" + _ALNUM + "aB3dE6",
    ),
    # https://resend.com/docs/api-reference
    secret(
        "resend_api_key", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}", "re_aB3dE6gH_" + _ALNUM * 2 + "aB3d"
    ),
    # https://shopify.dev/docs/apps/auth/access-tokens; gitleaks: shopify-*
    secret("shopify_token", r"shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}", "shpat_" + _HEX * 2),
    # https://core.telegram.org/bots/api#authorizing-your-bot
    secret(
        "telegram_bot_token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}", "123456789:AA" + _ALNUM * 3 + "aB3"
    ),
    # https://discord.com/developers/docs/resources/webhook
    _in_url(
        "discord_webhook",
        r"discord(?:app)?\.com/api/webhooks/(\d+/[A-Za-z0-9_-]{60,})",
        "https://discord.com/api/webhooks/123456789012345678/" + _ALNUM * 7,
    ),
    # https://discord.com/developers/docs/reference#authentication
    secret(
        "discord_bot_token",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        "M" + _ALNUM * 2 + "aB3dE." + "aB3dE6." + _ALNUM * 3,
    ),
    # https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors
    _in_url(
        "teams_webhook",
        r"\.webhook\.office\.com/webhookb2/([A-Za-z0-9@/-]{80,})",
        f"https://x.webhook.office.com/webhookb2/{_UUID}@{_UUID}/IncomingWebhook/" + _HEX * 2,
    ),
    # https://developer.squareup.com/docs/build-basics/access-tokens; gitleaks: square-access-token
    secret(
        "square_token",
        r"(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{60}\b)",
        "sq0atp-" + _ALNUM * 2 + "aB",
    ),
    # https://developer.paypal.com/braintree/docs: access tokens
    secret(
        "braintree_token",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
        "access_token$production$" + _HEX + "$" + _HEX * 2,
    ),
    # https://docs.adyen.com/development-resources/api-credentials
    secret(
        "adyen_api_key", r"AQE[a-z0-9]{5}[A-Za-z0-9+/*=.{}<>()&%~^-]{60,}", "AQEyhmfx" + _ALNUM * 7
    ),
    # https://razorpay.com/docs/api/authentication
    secret(
        "razorpay_key", r"rzp_(?:live|test)_[A-Za-z0-9]{14}\b", "rzp_" + "live_" + _ALNUM + "aB3d"
    ),
    # https://paystack.com/docs/api/authentication
    secret("paystack_key", r"sk_(?:live|test)_[0-9a-f]{40}", "sk_" + "live_" + _HEX * 2 + _HEX[:8]),
    # https://developer.flutterwave.com/docs; gitleaks: flutterwave-*
    secret(
        "flutterwave_key",
        r"FLW(?:SEC|PUB)K(?:_TEST)?-?[a-z0-9]{12,}(?:-X)?",
        "FLWSECK_TEST-" + _HEX * 2 + "-X",
    ),
    # https://plaid.com/docs/api/tokens; gitleaks: plaid-api-token
    secret(
        "plaid_access_token",
        r"access-(?:sandbox|development|production)-[0-9a-f-]{36}",
        "access-production-" + _UUID,
    ),
    # https://docs.easypost.com/docs/authentication; gitleaks: easypost-*
    secret("easypost_key", r"EZ[AT]K[A-Za-z0-9]{54}\b", "EZAK" + _ALNUM * 5 + "aB3d"),
    # https://docs.shippo.com; gitleaks: shippo-api-token
    secret(
        "shippo_token", r"shippo_(?:live|test)_[0-9a-f]{40}", "shippo_live_" + _HEX * 2 + _HEX[:8]
    ),
    # https://duffel.com/docs/api/overview; gitleaks: duffel-api-token
    secret(
        "duffel_token",
        r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}",
        "duffel_live_" + _ALNUM * 4 + "aB3",
    ),
    # https://developers.facebook.com/docs/facebook-login/guides/access-tokens; gitleaks: facebook-*
    secret(
        "facebook_token",
        r"(?:EAA(?:[A-Z][A-Za-z0-9]{90,}|C[A-Za-z0-9]{27,}|CEdEose0cBA[A-Za-z0-9]{20,})|\d{15,16}(?:\||%7[Cc])[A-Za-z0-9_-]{27}\b"
        r"|IGQV[A-Za-z0-9_-]{100,})",
        "EAAM" + _ALNUM * 11,
        "123406789012345|" + _ALNUM * 2 + "aB3dE6g",
        "EAA" + "CEdEose0cBA" + _ALNUM * 3,
    ),
    # https://developers.google.com/cloud-messaging: legacy server keys
    secret(
        "firebase_server_key",
        r"AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140}",
        "AAAA" + "aB3dE6g:" + _ALNUM * 14,
    ),
    # https://developer.x.com/en/docs/authentication: bearer tokens
    secret("x_bearer_token", r"AAAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{60,}", "A" * 22 + _ALNUM * 7),
    # https://help.salesforce.com: session ids begin with the organisation's
    secret(
        "salesforce_token",
        r"00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![A-Za-z0-9._]{60,}",
        "00D" + _ALNUM + "aB!AQ" + _ALNUM * 8,
    ),
    # https://developers.hubspot.com/docs/api/private-apps
    secret("hubspot_token", r"pat-(?:na|eu)\d-[0-9a-f-]{36}", "pat-na1-" + _UUID),
    # https://developer.okta.com/docs/guides/create-an-api-token
    secret("okta_token", r"SSWS 00[A-Za-z0-9_-]{40}", "Authorization: SSWS 00" + _ALNUM * 4),
    # https://docs.mapbox.com/help/getting-started/access-tokens: secret ones
    secret(
        "mapbox_secret_token",
        r"sk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}",
        "sk.eyJ" + _ALNUM * 5 + "." + _ALNUM * 2 + "aB",
    ),
    # https://dev.maxmind.com/geoip; gitleaks: maxmind-license-key
    secret(
        "maxmind_key",
        r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
        "aB3dE6_" + _ALNUM * 2 + "aB3dE6gH9_mmk",
    ),
    # https://www.dropbox.com/developers/reference/auth-types; gitleaks: dropbox-*
    secret("dropbox_token", r"sl\.(?:u\.)?[A-Za-z0-9_=-]{130,}", "sl." + _ALNUM * 14),
    # https://developers.asana.com/docs/personal-access-token
    secret(
        "asana_token",
        r"[012]/\d{16}/\d{16}:[0-9a-f]{32}",
        "2/1234567890123456/1234567890123456:" + _HEX * 2,
    ),
    # https://clickup.com/api
    secret("clickup_token", r"pk_\d{6,9}_[A-Z0-9]{32}\b", "pk_12345678_" + "A1B2C3D4E5" * 3 + "A1"),
    # https://developers.typeform.com; gitleaks: typeform-api-token
    secret("typeform_token", r"tfp_[A-Za-z0-9_.=-]{44,}", "tfp_" + _ALNUM * 5),
    # https://cal.com/docs/api-reference
    secret("cal_com_key", r"cal_live_[0-9a-f]{32}", "cal_live_" + _HEX * 2),
    # https://console.settlemint.com/documentation; gitleaks: settlemint-*
    secret("settlemint_token", r"sm_(?:pat|aat|sat)_[A-Za-z0-9]{16,}", "sm_pat_" + _ALNUM * 2),
    # https://yandex.cloud/en/docs/iam; gitleaks: yandex-api-key
    secret(
        "yandex_key",
        r"(?:AQVN[A-Za-z0-9_-]{35,38}|t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{86}={0,2})",
        "AQVN" + _ALNUM * 3 + "aB3dE6",
    ),
    # https://authress.io; gitleaks: authress-service-client-*
    secret(
        "authress_key",
        r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]{30,}",
        "sc_abc12.de34.acc-0123456789." + _ALNUM * 3,
    ),
    # https://api.intra.42.fr; gitleaks: intra42-client-secret
    secret("intra42_secret", r"s-s4t2(?:ud|af)-[0-9a-f]{64}", "s-s4t2ud-" + _HEX * 4),
    # https://developer.adobe.com/developer-console; gitleaks: adobe-client-secret
    secret("adobe_client_secret", r"p8e-[A-Za-z0-9]{32}\b", "p8e-" + _ALNUM * 3 + "aB"),
)

"""Keys of clouds, databases and what runs on them."""

from __future__ import annotations

from controlplane.screening.detector import Detector, genuine, secret

_ALNUM = "aB3dE6gH9j"
_HEX = "0a1b2c3d4e5f6789"
_UUID = "0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"


def _after(name: str, pattern: str, *matches: str, ignores: tuple[str, ...] = ()) -> Detector:
    """A value that only its surroundings give away: the group of the pattern."""
    return Detector(name, "secret", "secrets", pattern, matches, ignores, genuine)


DETECTORS = (
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    secret(
        "aws_access_key_id",
        r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
        "AKIA" + "Y34FZKBOKMUTVV7B",
        "id=ASIA" + "Y34FZKBOKMUTVV7A,",
        ignores=(
            "AKIA",
            "AKIAIOSFODNN7EXAMPLE",
            "AKIAIOSFODNN7EXAMPLEX",
            "XAKIAIOSFODNN7EXAMPLE",
            "akiaiosfodnn7example",
        ),
    ),
    # The same page: 40 characters, told by the name before it
    _after(
        "aws_secret_access_key",
        r"(?i)(?:secret_?access_?key|aws_?secret(?:_?key)?)[^A-Za-z0-9/+\x00]{1,10}"
        r"([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
        'AWS_SECRET_ACCESS_KEY="wJ4lrXU7nF9MI' + '/K7MD3NG/bPx5fiCY2TR8LT6Q0Y"',
        "SecretAccessKey: " + _ALNUM * 4,
        ignores=(
            "secret_access_key = os.environ['X']",
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "sha1 " + _HEX * 2 + _HEX[:8],
        ),
    ),
    # https://docs.aws.amazon.com/appstream2: MWS; gitleaks, TruffleHog: amazon-mws-auth-token
    secret("amazon_mws_token", r"amzn\.mws\.[0-9a-z-]{36}", "amzn.mws." + _UUID),
    # https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage
    _after(
        "azure_storage_key",
        r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{43,86}={1,2})",
        "AccountName=x;AccountKey=" + _ALNUM * 8 + "aB3dE6==;",
    ),
    # https://learn.microsoft.com/entra/identity-platform; gitleaks: azure-ad-client-secret
    secret(
        "azure_client_secret",
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        "aB38Q~" + _ALNUM * 3 + "aB3d",
    ),
    # https://learn.microsoft.com/azure/storage/common/storage-sas-overview
    _after(
        "azure_sas_signature",
        r"[?&]sig=([A-Za-z0-9%]{43,}(?:%3D|=))",
        "?sv=2022-11-02&sig=" + _ALNUM * 4 + "aB3%3D",
    ),
    # https://learn.microsoft.com/purview/sit-defn-azure-devops-personal-access-token: new format
    secret(
        "azure_devops_token", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", _ALNUM * 7 + "aB3dE6AZDOaB3d"
    ),
    # The same registry of signatures: JQQJ99 (Cognitive Services, Azure OpenAI)
    secret(
        "azure_ai_key",
        r"[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}",
        _ALNUM * 5 + "aBJQQJ9" + _ALNUM * 2 + "aB3dE6g",
    ),
    # https://developers.google.com/identity/protocols/oauth2
    secret("google_oauth_secret", r"GOCSPX-[A-Za-z0-9_-]{28}", "GOCSPX-" + _ALNUM * 2 + "aB3dE6-_"),
    # The same page
    secret("google_oauth_token", r"ya29\.[A-Za-z0-9_-]{30,}", "ya29." + _ALNUM * 5),
    # The same page: a refresh token
    secret("google_refresh_token", r"1//0[A-Za-z0-9_-]{40,}", "1//0" + _ALNUM * 5),
    # https://docs.digitalocean.com/reference/api; gitleaks: digitalocean-*
    secret("digitalocean_token", r"do[opr]_v1_[0-9a-f]{64}", "dop_v1_" + _HEX * 4),
    # https://developers.cloudflare.com/fundamentals/api/get-started/token-formats
    secret("cloudflare_token", r"cf[au]t_[A-Za-z0-9]{40,}", "cfut_" + _ALNUM * 4),
    # https://techdocs.akamai.com/developer/docs/make-your-first-api-call
    secret(
        "akamai_credential", r"akab-[a-z0-9]{16}-[a-z0-9]{16}\b", "akab-" + "a1b2c3d4e5f6g7h8-" * 2
    ),
    # https://docs.docker.com/engine/swarm/swarm-mode: join tokens and the key that unlocks
    secret(
        "docker_swarm_token",
        r"(?:SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}\b|SWMKEY-1-[A-Za-z0-9+/]{43})",
        "SWMTKN-1-" + "a1b2c3d4e5" * 5 + "-" + "a1b2c3d4e5" * 2 + "a1b2c",
    ),
    # https://github.com/nats-io/nkeys: seeds
    secret("nkey_seed", r"S[ACNOUX][A-Z2-7]{56}\b", "SUA" + "Q4R7T2Y5U3" * 5 + "K7MNB"),
    # https://docs.databricks.com/dev-tools/auth/pat; gitleaks: databricks-api-token
    secret("databricks_token", r"dapi[0-9a-f]{32}(?:-\d)?\b", "dapi" + _HEX * 2),
    # https://developer.hashicorp.com/vault/docs/concepts/tokens
    secret(
        "vault_token",
        r"(?:hv[sbr]\.[A-Za-z0-9_-]{24,}|s\.[A-Za-z0-9]{24}\b)",
        "hvs." + _ALNUM * 3,
        "s." + _ALNUM * 2 + "aB3d",
        ignores=("s.toLowerCaseEnglishUsOnly12",),
    ),
    # https://developer.hashicorp.com/terraform/cloud-docs; gitleaks: hashicorp-tf-api-token
    secret(
        "terraform_token",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",
        _ALNUM + "aB3d.atlasv1." + _ALNUM * 6 + "aB",
    ),
    # https://www.alibabacloud.com/help/en/ram; gitleaks: alibaba-access-key-id
    secret("alibaba_access_key_id", r"LTAI[A-Za-z0-9]{20}\b", "LTAI" + _ALNUM * 2),
    # https://cloud.tencent.com/document/product/598
    secret("tencent_secret_id", r"AKID[A-Za-z0-9]{32}\b", "AKID" + _ALNUM * 3 + "aB"),
    # https://developers.cloudflare.com/fundamentals/api; gitleaks: cloudflare-origin-ca-key
    secret(
        "cloudflare_origin_ca_key",
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
        "v1.0-" + _HEX + _HEX[:8] + "-" + _HEX * 9 + "ab",
    ),
    # https://fly.io/docs/security/tokens; gitleaks: flyio-access-token
    secret(
        "fly_token",
        r"(?:fo1_[A-Za-z0-9_-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{90,}={0,3})",
        "fo1_" + _ALNUM * 4 + "aB3",
        "fm2_" + _ALNUM * 10,
    ),
    # https://devcenter.heroku.com/articles/authentication; gitleaks: heroku-api-key-v2
    secret("heroku_api_key", r"HRKU-AA[A-Za-z0-9_-]{50,}", "HRKU-AA" + _ALNUM * 5 + "aB3dE6gH"),
    # https://docs.render.com/api
    secret("render_api_key", r"rnd_[A-Za-z0-9]{28,}", "rnd_" + _ALNUM * 3 + "aB"),
    # https://vercel.com/docs/rest-api: blob and new tokens
    secret(
        "vercel_token",
        r"(?:vercel_blob_rw|vc[pkirou])_[A-Za-z0-9_]{24,}",
        "vercel_blob_rw_" + _ALNUM * 4,
    ),
    # https://docs.netlify.com/api; personal access tokens since 2023
    secret("netlify_token", r"nfp_[A-Za-z0-9]{36}", "nfp_" + _ALNUM * 3 + "aB3dE6"),
    # https://supabase.com/docs/guides/api/api-keys
    secret(
        "supabase_key",
        r"(?:sbp_(?:v0_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{30,})",
        "sbp_" + _HEX * 2 + _HEX[:8],
        "sb_secret_" + _ALNUM * 3 + "-_",
    ),
    # https://planetscale.com/docs; gitleaks: planetscale-*
    secret(
        "planetscale_token",
        r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}",
        "pscale_pw_" + _ALNUM * 4,
    ),
    # https://neon.tech/docs/manage/api-keys
    secret("neon_api_key", r"napi_[a-z0-9]{60,}", "napi_" + "a1b2c3d4e5" * 6 + "abcd"),
    # https://clickhouse.com/docs/cloud/manage/openapi; gitleaks: clickhouse-cloud-api-secret-key
    secret("clickhouse_cloud_key", r"4b1d[A-Za-z0-9]{38}\b", "4b1d" + _ALNUM * 3 + "aB3dE6gH"),
    # https://docs.confluent.io/cloud/current: cflt
    secret("confluent_secret", r"cflt[A-Za-z0-9+/]{60}", "cflt" + _ALNUM * 6),
    # https://tailscale.com/kb/1252/key-secret-management
    secret("tailscale_key", r"tskey-[a-z]{3,12}-[A-Za-z0-9-]{20,}", "tskey-auth-" + _ALNUM * 3),
    # https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens; gitleaks: pulumi
    secret("pulumi_token", r"pul-[0-9a-f]{40}\b", "pul-" + _HEX * 2 + _HEX[:8]),
    # https://docs.doppler.com/docs/service-tokens; gitleaks: doppler-api-token
    secret(
        "doppler_token",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}",
        "dp.pt." + _ALNUM * 4 + "aB3",
    ),
    # https://developer.1password.com/docs/service-accounts; gitleaks: 1password-*
    secret("onepassword_token", r"ops_eyJ[A-Za-z0-9+/]{100,}={0,3}", "ops_eyJ" + _ALNUM * 12),
    # https://support.1password.com/secret-key
    secret(
        "onepassword_secret_key",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b",
        "A3-" + "ASWWYB-798JRYLJVD4-23DC2-86TVM-H43EB",
    ),
    # https://docs.openshift.com: OAuth tokens; gitleaks: openshift-user-token
    secret("openshift_token", r"sha256~[A-Za-z0-9_-]{43}", "sha256~" + _ALNUM * 4 + "aB3"),
    # https://age-encryption.org/v1; gitleaks: age-secret-key
    secret(
        "age_secret_key",
        r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
        "AGE-SECRET-KEY-1" + "QPZRY9X8GF" * 5 + "QPZRY9X8",
    ),
    # https://defined.net; gitleaks: defined-networking-api-token
    secret(
        "defined_networking_token",
        r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}",
        "dnkey-" + _ALNUM * 2 + "aB3dE6-" + _ALNUM * 5 + "aB",
    ),
)

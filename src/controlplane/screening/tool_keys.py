"""Keys of source hosts, package registries and developers' tools."""

from __future__ import annotations

from controlplane.screening.detector import secret

_ALNUM = "aB3dE6gH9j"
_HEX = "0a1b2c3d4e5f6789"

DETECTORS = (
    # https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    secret(
        "github_token",
        r"gh[oprsu]_[A-Za-z0-9]{36,}",
        "ghp_" + _ALNUM * 3 + "aB3dE6",
        "https://x:ghs_" + _ALNUM * 3 + "aB3dE6" + "@github.com",
        ignores=("ghp_short", "ghx_" + _ALNUM * 4),
    ),
    # The same page
    secret(
        "github_fine_grained_token", r"github_pat_[A-Za-z0-9_]{22,}", "github_pat_" + _ALNUM * 8
    ),
    # https://docs.gitlab.com/security/tokens/#token-prefixes; gitleaks: gitlab-*
    secret(
        "gitlab_token",
        r"(?:gl(?:pat|dt|rt|rtr|ptt|ft|soat|imt|agent|cbt|oas|ffct)-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?"
        r"|_gitlab_session=[0-9a-z]{32}\b)",
        "glpat-" + _ALNUM * 2,
        "_gitlab_session=" + _HEX * 2,
        "glrt-" + _ALNUM * 2,
        ignores=("glpat-",),
    ),
    # gitleaks: gitlab-rrt
    secret("gitlab_runner_registration", r"GR1348941[A-Za-z0-9_-]{20,}", "GR1348941" + _ALNUM * 2),
    # https://support.atlassian.com/bitbucket-cloud/docs/access-tokens
    secret("bitbucket_token", r"ATCTT3[A-Za-z0-9_=-]{100,}", "ATCTT3" + _ALNUM * 11),
    # https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
    secret("bitbucket_http_token", r"BBDC-[A-Za-z0-9+/@_-]{40,}", "BBDC-" + _ALNUM * 4 + "aB3d"),
    # https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token
    secret(
        "sourcegraph_token",
        r"sgp_(?:(?:local|[0-9a-fA-F]{16})_)?[0-9a-fA-F]{40}\b",
        "sgp_local_" + _HEX * 2 + _HEX[:8],
    ),
    # The same: app passwords
    secret("bitbucket_app_password", r"ATBB[A-Za-z0-9]{32}\b", "ATBB" + _ALNUM * 3 + "aB"),
    # https://docs.npmjs.com/about-access-tokens
    secret(
        "npm_token",
        r"npm_[A-Za-z0-9]{36}",
        "npm_" + _ALNUM * 3 + "aB3dE6",
        ignores=("npm_config_user",),
    ),
    # a macaroon: https://github.com/pypi/warehouse/tree/main/warehouse/macaroons
    secret("pypi_token", r"pypi-[A-Za-z0-9_-]{50,}", "pypi-AgEIcHlwaS5vcmc" + _ALNUM * 6),
    # https://guides.rubygems.org/api-key-scopes; gitleaks: rubygems-api-token
    secret("rubygems_token", r"rubygems_[0-9a-f]{48}", "rubygems_" + _HEX * 3),
    # https://doc.rust-lang.org/cargo/reference/registry-authentication.html
    secret("crates_io_token", r"cio[A-Za-z0-9]{32}\b", "cio" + _ALNUM * 3 + "aB"),
    # https://github.com/clojars/clojars-web/wiki/Deploy-Tokens; gitleaks: clojars-api-token
    secret("clojars_token", r"CLOJARS_[a-z0-9]{60}", "CLOJARS_" + "a1b2c3d4e5" * 6),
    # https://learn.microsoft.com/nuget/nuget-org/publish-a-package
    secret("nuget_api_key", r"oy2[a-z0-9]{43}\b", "oy2" + "a1b2c3d4e5" * 4 + "abc"),
    # https://jfrog.com/help; gitleaks: artifactory-*
    secret(
        "artifactory_key",
        r"(?:AKCp[A-Za-z0-9]{69}|cmVmd[A-Za-z0-9]{59})\b",
        "AKCp" + _ALNUM * 6 + "aB3dE6gH9",
    ),
    # https://docs.docker.com/security/access-tokens
    secret(
        "docker_token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}", "dckr_pat_" + _ALNUM * 2 + "aB3dE6g"
    ),
    # https://developers.linear.app/docs/graphql/working-with-the-graphql-api
    secret("linear_api_key", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}", "lin_api_" + _ALNUM * 4),
    # https://support.atlassian.com/atlassian-account/docs/manage-api-tokens
    secret("atlassian_token", r"ATATT3[A-Za-z0-9_=-]{100,}", "ATATT3" + _ALNUM * 18),
    # https://grafana.com/docs/grafana/latest/administration/service-accounts; gitleaks: grafana-*
    secret(
        "grafana_token",
        r"(?:glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,}={0,3}|eyJrIjoi[A-Za-z0-9]{70,}={0,3})",
        "glsa_" + _ALNUM * 3 + "aB_" + _HEX[:8],
    ),
    # https://docs.sentry.io/account/auth-tokens; gitleaks: sentry-*
    secret("sentry_token", r"sntry[sua]_[A-Za-z0-9+/=_-]{50,}", "sntrys_" + _ALNUM * 6),
    # https://learning.postman.com/docs/developer/postman-api; gitleaks: postman-api-token
    secret(
        "postman_api_key",
        r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
        "PMAK-" + _HEX + _HEX[:8] + "-" + _HEX * 2 + "ab",
    ),
    # https://www.figma.com/developers/api#access-tokens
    secret("figma_token", r"fig[dour]{1,2}_[A-Za-z0-9_-]{38,}", "figd_" + _ALNUM * 4),
    # https://developers.notion.com/docs/authorization; gitleaks: notion-api-token
    secret(
        "notion_token",
        r"(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}\b)",
        "ntn_" + _ALNUM * 5,
        "secret_" + _ALNUM * 4 + "aB3",
    ),
    # https://airtable.com/developers/web/api/authentication; gitleaks: airtable-*
    secret(
        "airtable_token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "pat" + _ALNUM + "aB3d." + _HEX * 4
    ),
    # https://posthog.com/docs/api: personal keys; the project key (phc_) is public but asked for
    secret("posthog_key", r"ph[xcs]_[A-Za-z0-9]{40,}", "phx_" + _ALNUM * 5),
    # https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys; gitleaks: new-relic-*
    secret(
        "new_relic_key",
        r"(?:NR(?:AK|AL|II|RA)-[A-Za-z0-9-]{27,}|NRJS-[0-9a-f]{19}\b)",
        "NRAK-" + _ALNUM * 3,
    ),
    # https://docs.dynatrace.com/docs/manage/access-control/access-tokens; gitleaks: dynatrace
    secret(
        "dynatrace_token",
        r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}",
        "dt0c01." + "A1B2C3D4E5" * 2 + "A1B2." + "A1B2C3D4E5" * 6 + "A1B2",
    ),
    # https://docs.launchdarkly.com/home/account/api: SDK keys are UUIDs with a prefix
    secret(
        "launchdarkly_key",
        r"(?:api|sdk|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "sdk-" + "0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789",
    ),
    # https://docs.prefect.io/latest/guides; gitleaks: prefect-api-token
    secret("prefect_key", r"pn[bu]_[A-Za-z0-9]{36}", "pnu_" + _ALNUM * 3 + "aB3dE6"),
    # https://buildkite.com/docs/apis/managing-api-tokens
    secret("buildkite_token", r"bkua_[0-9a-f]{40}", "bkua_" + _HEX * 2 + _HEX[:8]),
    # https://circleci.com/docs/managing-api-tokens
    secret(
        "circleci_token",
        r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}",
        "CCIPAT_" + _ALNUM * 2 + "aB_" + _HEX * 2 + _HEX[:8],
    ),
    # https://docs.sonarsource.com/sonarqube/latest/user-guide/user-account/generating-and-using-tokens
    secret("sonar_token", r"sq[apu]_[0-9a-f]{40}", "squ_" + _HEX * 2 + _HEX[:8]),
    # https://octopus.com/docs/octopus-rest-api; gitleaks: octopus-deploy-api-key
    secret("octopus_api_key", r"API-[A-Z0-9]{26}\b", "API-" + "A1B2C3D4E5" * 2 + "A1B2C3"),
    # https://developer.harness.io/docs/platform/automation/api; gitleaks: harness-api-key
    secret(
        "harness_key",
        r"[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",
        "pat." + _ALNUM * 2 + "aB." + _ALNUM * 2 + "aB3d." + _ALNUM * 2,
    ),
    # https://www.infracost.io/docs; gitleaks: infracost-api-token
    secret("infracost_key", r"ico-[A-Za-z0-9]{32}\b", "ico-" + _ALNUM * 3 + "aB"),
    # https://docs.readme.com; gitleaks: readme-api-token
    secret("readme_key", r"rdme_[a-z0-9]{70}", "rdme_" + "a1b2c3d4e5" * 7),
    # https://developers.frame.io; gitleaks: frameio-api-token
    secret("frameio_token", r"fio-u-[A-Za-z0-9_=-]{60,}", "fio-u-" + _ALNUM * 6 + "aB3d"),
    # https://scalingo.com; gitleaks: scalingo-api-token
    secret("scalingo_token", r"tk-us-[A-Za-z0-9_-]{48}", "tk-us-" + _ALNUM * 4 + "aB3dE6gH"),
    # https://www.contentful.com/developers/docs
    secret("contentful_token", r"CFPAT-[A-Za-z0-9_-]{43}", "CFPAT-" + _ALNUM * 4 + "aB3"),
)

"""How keys and tokens of well-known services look.

Written after the documentation of the services and the rules of gitleaks (MIT). Each pattern begins
with fixed characters or with a bounded class, and what follows an unbounded run cannot be in it, or
the run has no second beginning within it: so a search takes linear time. What may not stand around
a match is checked by the caller.
"""

from __future__ import annotations

import re

_PLACEHOLDER = r"(?!\*{3}|x{4}|X{4}|\.{3}|…|<|\[|\$|%|your|YOUR|example|EXAMPLE|REDACTED|redacted)"
"""What stands where documentation hides a secret."""

_ASSIGNED = rf"[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?{_PLACEHOLDER}"

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_RANDOM = r"(?=[a-zA-Z_-]{0,20}\d)(?=[a-z0-9_-]{0,20}[A-Z])(?=[A-Z0-9_-]{0,20}[a-z])"
"""What a token has and a name does not: digits and letters of both cases near its start."""

PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "private-key": r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        "age-key": r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{40,}",
        "aws-access-key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
        "aws-secret-key": r"(?i:aws_?(?:secret|session)[\w-]{0,20})" + _ASSIGNED + r"[\w/+=]{40}",
        "azure-storage-key": r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}",
        "azure-signature": r"[?&]sig=[A-Za-z0-9%]{40,}",
        "google-api-key": r"AIza[\w-]{35}",
        "google-oauth-token": r"ya29\.[\w-]{30,}",
        "google-client-secret": r"GOCSPX-[\w-]{28}",
        "github-token": r"gh[pousr]_[A-Za-z0-9]{36}",
        "github-fine-grained-token": r"github_pat_\w{22,}",
        "gitlab-token": r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|ffct|imt|oas)-[\w-]{20}",
        "bitbucket-token": r"ATBB[A-Za-z0-9]{28,}",
        "atlassian-token": r"ATATT3[\w=-]{60,}",
        "slack-token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
        "slack-webhook": r"hooks\.slack\.com/(?:services|workflows)/[\w/]{20,}",
        "discord-webhook": r"discord(?:app)?\.com/api/webhooks/\d{5,25}/[\w-]{30,}",
        "discord-token": (  # begins with digits in base64: the number of the account
            r"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){5,6}[\w-]{0,4}\.[\w-]{6}\.[\w-]{27,38}"
        ),
        "sidekiq-key": r"BUNDLE_(?:ENTERPRISE|GEMS)__CONTRIBSYS__COM=[0-9a-f]{8}:[0-9a-f]{8}",
        "telegram-token": r"\b\d{8,10}:AA[\w-]{32,33}",
        "stripe-key": r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}",
        "square-token": r"(?:sq0(?:atp|csp)-[\w-]{22,}|EAAA[\w-]{60}(?![\w+/=-]))",
        "shopify-token": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
        "twilio-key": r"SK[0-9a-f]{32}",
        "sendgrid-key": r"SG\.[\w-]{20,24}\.[\w-]{39,45}",
        "mailgun-key": r"(?:pub)?key-[0-9a-f]{32}",
        "openai-key": r"sk-(?:proj-|svcacct-|admin-)?[\w-]{0,80}T3BlbkFJ[\w-]{20,}",
        "openai-project-key": r"sk-(?:proj|svcacct|admin)-[\w-]{40,}",
        "openai-old-key": r"sk-[A-Za-z0-9]{48}",
        "anthropic-key": r"sk-ant-[a-z0-9]{3,10}-[\w-]{40,}",
        "openrouter-key": r"sk-or-v1-[0-9a-f]{64}",
        "huggingface-token": r"(?:hf_[A-Za-z0-9]{34}|api_org_[A-Za-z]{34})",
        "replicate-token": r"r8_[A-Za-z0-9]{37}",
        "groq-key": r"gsk_[A-Za-z0-9]{50,}",
        "xai-key": r"xai-[A-Za-z0-9]{60,}",
        "nvidia-key": r"nvapi-[\w-]{40,}",
        "perplexity-key": r"pplx-[A-Za-z0-9]{40,}",
        "deepseek-key": r"sk-[0-9a-f]{32}(?![\w-])",
        "elevenlabs-key": r"sk_[0-9a-f]{48}",
        "langsmith-key": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
        "pinecone-key": r"pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,}",
        "tavily-key": r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,}",
        "wandb-key": r"(?i:wandb_api_key)" + _ASSIGNED + r"[0-9a-f]{40}|wandb_v1_\w{40,}",
        "kaggle-key": r"\"key\": ?\"[0-9a-f]{32}\"",
        "npm-token": r"npm_[A-Za-z0-9]{36}",
        "pypi-token": r"pypi-AgE[\w-]{50,}",
        "rubygems-key": r"rubygems_[0-9a-f]{48}",
        "docker-token": r"dckr_(?:pat|oat)_[\w-]{20,}",
        "digitalocean-token": r"do[opr]_v1_[0-9a-f]{64}",
        "heroku-key": r"HRKU-[\w-]{36,}",
        "cloudflare-key": r"(?i:cloudflare[\w-]{0,20})" + _ASSIGNED + r"[\w-]{37,40}",
        "databricks-token": r"dapi[0-9a-f]{32}",
        "doppler-token": r"dp\.(?:pt|st|ct|sa)\.[\w.-]{40,}",
        "grafana-token": r"gl(?:c|sa)_[\w=+/]{32,}",
        "hashicorp-vault-token": r"hv[sbr]\.[\w-]{24,}",
        "terraform-token": r"\.atlasv1\.[\w-]{60,}",
        "linear-key": r"lin_(?:api|oauth)_[A-Za-z0-9]{40}",
        "notion-token": r"(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})",
        "figma-token": r"figd_[\w-]{40,}",
        "postman-key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
        "new-relic-key": r"NRAK-[A-Z0-9]{27}",
        "sentry-token": r"sntry[su]_[\w+/=-]{40,}",
        "supabase-key": r"sb(?:p|_secret)_[\w-]{30,}",
        "planetscale-token": r"pscale_(?:tkn|pw|oauth)_[\w=.-]{32,}",
        "tailscale-key": r"tskey-[a-z]{2,12}-[A-Za-z0-9-]{20,}",
        "jfrog-key": r"AKCp[A-Za-z0-9]{60,}",
        "pulumi-token": r"pul-[0-9a-f]{40}",
        "airtable-token": r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
        "mapbox-token": r"sk\.eyJ[\w-]{20,}\.[\w-]{20,}",
        "azure-client-secret": r"[A-Za-z0-9_~.]{3}[0-9]Q~[\w~.-]{31,34}",
        "fly-token": r"fm[12]a?_[\w+/=-]{80,}",
        "dynatrace-token": r"dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}",
        "brevo-key": r"xkeysib-[0-9a-f]{64}-\w{16}",
        "mailchimp-key": (
            r"-us(?<=[0-9a-f]{32}-us)(?<![A-Za-z0-9][0-9a-f]{32}-us)[0-9]{1,2}(?!\w)"
        ),
        "netlify-token": r"nf[pcoub]_[A-Za-z0-9]{36}",
        "contentful-token": r"CFPAT-[\w-]{40,}",
        "okta-token": r"SSWS 00[\w-]{38,}",
        "putty-key": r"PuTTY-User-Key-File-[23]:",
        "adafruit-key": r"aio_[A-Za-z0-9]{28}(?!\w)",
        "adobe-secret": r"p8e-[A-Za-z0-9]{32}(?!\w)",
        "alibaba-key": r"LTAI[A-Za-z0-9]{17,21}(?!\w)",
        "artifactory-token": r"cmVmdGtuO[A-Za-z0-9]{50,}",
        "cerebras-key": r"csk-[a-z0-9]{48}",
        "clojars-token": r"CLOJARS_[a-z0-9]{60}",
        "crates-token": r"cio[A-Za-z0-9]{32}(?!\w)",
        "defined-key": r"dnkey-[\w=-]{26}-[\w=-]{52}",
        "dropbox-token": r"sl\.[\w-]{130,}",
        "duffel-token": r"duffel_(?:test|live)_[\w=-]{43}",
        "easypost-key": r"EZ[AT]K[A-Za-z0-9]{54}",
        "endorlabs-token": r"endr\+[A-Za-z0-9-]{16}",
        "flutterwave-key": r"FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}",
        "frameio-token": r"fio-u-[\w=-]{64}",
        "gitlab-runner-token": r"GR1348941[\w-]{20}",
        "harness-token": r"(?:pat|sat)\.[\w-]{22}\.[0-9a-f]{24}\.\w{20}",
        "hubspot-token": r"pat-(?:na|eu)\d-" + _UUID,
        "infracost-key": r"ico-[A-Za-z0-9]{32}(?!\w)",
        "intra42-secret": r"s-s4t2(?:ud|af)-[0-9a-f]{64}",
        "langfuse-key": r"sk-lf-" + _UUID,
        "lob-key": r"(?:live|test)_[0-9a-f]{35}(?!\w)",
        "maxmind-key": r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
        "neon-key": r"napi_[a-z0-9]{60,}",
        "new-relic-other-key": r"NR(?:II-[\w-]{32}|JS-[0-9a-f]{19})",
        "nuget-key": r"oy2[a-z0-9]{43}(?!\w)",
        "octopus-key": r"API-(?=[A-Z]{0,25}\d)[A-Z0-9]{26}(?!\w)",
        "onepassword-key": (
            r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}(?!\w)"
        ),
        "onepassword-token": r"ops_eyJ[A-Za-z0-9+/]{80,}",
        "openshift-token": r"sha256~[\w-]{43}",
        "packagist-token": r"packagist_[a-z]{3}_[0-9a-f]{68}",
        "plaid-token": r"access-(?:sandbox|development|production)-" + _UUID,
        "polar-token": r"polar_[a-z]{2,4}_\w{40,}",
        "posthog-key": r"phx_[\w-]{43}",
        "prefect-key": r"pn[ub]_[A-Za-z0-9]{36}",
        "readme-key": r"rdme_[a-z0-9]{70}",
        "resend-key": r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?!\w)",
        "scalingo-token": r"tk-us-[\w-]{48}",
        "settlemint-token": r"sm_[aps]at_[A-Za-z0-9]{16}",
        "shippo-token": r"shippo_(?:live|test)_[0-9a-f]{40}",
        "slack-app-token": r"xapp-\d-[A-Z0-9]{6,}-\d{6,}-[a-z0-9]{20,}",
        "sourcegraph-token": r"sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}",
        "teams-webhook": r"\.webhook\.office\.com/webhookb2/[\w-]{30,}@",
        "together-key": r"tgp_v1_[\w-]{43}",
        "typeform-token": r"tfp_[\w.=-]{59}",
        "vercel-token": r"vc[a-z]_[A-Za-z0-9]{56}(?!\w)",
        "yandex-key": r"AQVN[\w-]{35,38}(?!\w)",
        "zuplo-key": r"zpka_\w{30,}",
        "amazon-mws-key": r"amzn\.mws\." + _UUID,
        "apify-token": r"apify_api_[A-Za-z0-9]{34,}",
        "authress-key": (
            r"(?:sc|ext|scauth|authress)_\w{5,30}\.\w{4,6}\.acc[_-][\w-]{10,32}\.[\w-]{30,}"
        ),
        "aws-bedrock-key": r"(?:ABSK[A-Za-z0-9+/]{109,269}={0,2}|bedrock-api-key-[\w+/=]{40,})",
        "azure-shared-key": r"SharedAccessKey=[A-Za-z0-9+/]{40,}={0,2}",
        "buildkite-token": r"bk(?:ua|at|pt|ct)_[0-9a-f]{40}",
        "circleci-token": r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}",
        "clickhouse-key": r"4b1d[A-Za-z0-9]{38}(?!\w)",
        "cloudflare-origin-key": r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
        "cockroach-key": r"CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}",
        "cursor-key": r"key_[0-9a-f]{64}(?!\w)",
        "databento-key": rf"db-{_RANDOM}[A-Za-z0-9]{{29}}(?!\w)",
        "deepl-key": _UUID + r":fx(?!\w)",
        "docker-login": r"\"auth\": ?\"[A-Za-z0-9+/]{20,}={0,2}\"",
        "facebook-token": r"EAA[MC](?<![A-Za-z0-9]....)[A-Za-z0-9]{100,}+(?![\w+/=])",
        "firebase-key": r"AAAA[\w-]{7}:APA91b[\w-]{130,}",
        "firebase-secret": r"\.firebaseio\.com/[^\s?]{0,200}\?auth=[\w.-]{20,}",
        "firecrawl-key": r"fc-[0-9a-f]{32}(?!\w)",
        "fireworks-key": rf"fw_{_RANDOM}[A-Za-z0-9]{{22,24}}(?!\w)",
        "gitlab-session": r"_gitlab_session=[0-9a-f]{32}",
        "google-refresh-token": r"1//0[\w-]{40,}",
        "grafana-key": r"eyJrIjoi[A-Za-z0-9+/=]{70,}",
        "jina-key": r"jina_[A-Za-z0-9]{60}",
        "jumpcloud-key": r"jca_[A-Za-z0-9]{36}",
        "launchdarkly-key": r"(?:sdk|mob)-" + _UUID,
        "mailersend-token": r"mlsn\.[0-9a-f]{64}",
        "mandrill-key": rf"md-{_RANDOM}[\w-]{{22}}(?![\w-])",
        "modal-token": rf"a[ks]-{_RANDOM}[A-Za-z0-9]{{22}}(?![\w-])",
        "paypal-token": r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
        "razorpay-key": r"rzp_(?:live|test)_[A-Za-z0-9]{14}",
        "render-key": rf"rnd_{_RANDOM}[A-Za-z0-9]{{28}}(?!\w)",
        "retool-token": r"retool_01[A-Za-z0-9]{24,}",
        "rootly-key": r"rootly_[0-9a-f]{64}",
        "runpod-key": r"rpa_[A-Z0-9]{40}",
        "salesforce-session": r"00D[A-Za-z0-9]{12,15}![\w.]{90,}",
        "samsara-token": r"samsara_api_[A-Za-z0-9]{28}",
        "sonar-token": r"sq[pua]_[0-9a-f]{40}",
        "stackhawk-key": r"hawk\.[\w-]{20}\.[\w-]{20}",
        "stripe-webhook-secret": r"whsec_[A-Za-z0-9+/]{32,}",
        "tinybird-token": r"p\.eyJ[\w-]{20,}\.[\w-]{20,}",
        "twitter-token": r"(?<!\w)A{22}[A-Za-z0-9]{0,60}%[23][BDF][A-Za-z0-9%]{20,}",
        "ubidots-token": r"BBFF-[A-Za-z0-9]{30}",
        "voyage-key": rf"pa-{_RANDOM}[\w-]{{43}}(?![\w-])",
        "yandex-access-key": rf"YC{_RANDOM}[\w-]{{38}}(?![\w-])",
        "yandex-token": r"t1\.[\w-]{20,}={0,2}\.[\w-]{86}",
        "zapier-webhook": r"hooks\.zapier\.com/hooks/catch/\d{1,20}/\w{5,}",
        "zoho-token": r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}",
        "json-web-token": (
            r"eyJ(?<!\weyJ)(?:[A-Za-z0-9]|[_-](?!eyJ)){10,}+\.eyJ[\w-]{10,}+\.[\w-]{10,}"
        ),
        "authorization-header": (
            r"(?i:authorization)" + _ASSIGNED + r"(?i:bearer|basic|token|digest)\s{1,3}"
            rf"{_PLACEHOLDER}[\w.~+/=-]{{8,}}"
        ),
        "bearer-token": rf"(?i:bearer) {_PLACEHOLDER}(?=[\w.~+/=-]{{0,60}}\d)[\w.~+/=-]{{20,}}",
        "cookie": (
            r"(?i:cookie)" + _ASSIGNED + r"[\w.-]{1,40}="
            rf"{_PLACEHOLDER}(?=[\w.~+/%=-]{{0,60}}\d)[\w.~+/%=-]{{20,}}"
        ),
        "curl-password": (
            r"curl (?:[^\n]{0,200}? )?(?:-u|--user)[ =][\"']?[\w.@+-]{1,60}:"
            rf"{_PLACEHOLDER}[^\s\"']{{6,}}"
        ),
        "password-in-url": rf"://[^\s/@:\"'<>]{{0,100}}:{_PLACEHOLDER}[^\s/@:\"'<>]{{3,200}}@[\w\[]",
        "token-in-url": (
            r"[?&;](?i:(?:access|auth|refresh|id|api|private|session|secret)?[_-]?"
            r"(?:token|key|apikey|secret|password|passwd|signature))="
            rf"{_PLACEHOLDER}(?=[\w.~%+/-]{{0,60}}\d)[\w.~%+/-]{{8,}}"
        ),
        "token-as-user": r"://(?=[\w-]{0,60}\d)[A-Za-z0-9_-]{20,200}@[\w\[]",
        "netrc-password": (
            r"(?:machine\s{1,9}\S{1,200}|default)\s{1,9}login\s{1,9}\S{1,200}\s{1,9}password\s{1,9}\S"
        ),
        "secret-variable": (
            r"[A-Z][A-Z0-9]{1,20}_(?:[A-Z0-9]{1,20}_){0,3}(?:TOKEN|SECRET|KEY|PAT)"
            + _ASSIGNED
            + r"(?=[\w.~+/-]{0,60}\d)(?=[\w.~+/-]{0,60}[A-Za-z])[\w.~+/=-]{20,}"
        ),
        "assigned-secret": (
            r"(?i:(?:api|access|auth|secret|private|client|account)[_-]?(?:key|token|secret)"
            r"|passw(?:or)?d|passphrase)"
            + _ASSIGNED
            + r"(?=[^\s\"']{0,100}\d)(?=[^\s\"']{0,100}[A-Za-z])[^\s\"'<>,;(){}\[\]]{12,}"
        ),
    }.items()
}
"""A pattern by the name under which an author allows it."""

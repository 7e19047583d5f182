"""What looks like a secret stops a build; the machine's own names are cleaned everywhere."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from runs import made_up_run, printed

from post_builder.document.parsing.parser import parse
from post_builder.errors import RenderError
from post_builder.execution.run import Machine
from post_builder.rendering.figures.pages import Page
from post_builder.rendering.publishable import refuse_unpublishable, refuse_unpublishable_products
from post_builder.rendering.regions.rendered import RenderedCell, render
from post_builder.rendering.text import scrubbing
from post_builder.rendering.text.scrubbing import scrub
from post_builder.rendering.text.secret_patterns import PATTERNS
from post_builder.rendering.text.secrets import NEEDED, find_secret
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

Render = Callable[..., RenderedCell]

KERNEL = "jupyter: {kernelspec: {name: python3, language: python}}"
HEX = "0123456789abcdef"
MIXED = "aB3dE5fG7hI9jK1lM2nO4pQ6rS8tU0vW" * 3
UUID = "0f1e2d3c-0f1e-4d3c-8f1e-0f1e2d3c4b5a"
UPPER = "QWERTY234567ASDFGHJKLZXCVBN" * 2
GITHUB = "ghp_" + MIXED[:36]

SECRETS: Mapping[str, str] = {
    "private-key": "-----BEGIN RSA PRIVATE KEY-----",
    "private-key-data": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA",
    "password-hash": "$6$rounds=5000$saltsalt$" + MIXED[:86],
    "azure-key": MIXED[:52] + "JQQJ99ALACYeBjFXJ3w3AAABACOGaF1l",
    "docker-swarm-key": "SWMTKN-1-" + (HEX * 4)[:50] + "-" + (HEX * 2)[:25],
    "google-agent-key": "AQ.Ab8R" + MIXED[:44],
    "instagram-token": "IGQVJ" + MIXED[:90],
    "lambda-key": "secret_name_" + HEX * 2 + "." + MIXED[:32],
    "key-in-header": "Ocp-Apim-Subscription-Key: " + HEX * 2,
    "signed-url": "https://a.example/x?X-Amz-Signature=" + HEX * 4,
    "connection-string": "Server=a;Uid=ada;Pwd=correcthorse;",
    "npm-login": "_auth=" + base64.b64encode(b"ada:correct1horse").decode(),
    "database-url": "postgresql://ada:cor/rect@horse@a.example/b",
    "password-variable": "PGPASSWORD=c0rrect",
    "quoted-password": "login('ada', password='c0rrect!')",
    "age-key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2,
    "aws-access-key": "AKIA" + "QWERTY234567ASDF",
    "aws-secret-key": "aws_secret_access_key = " + MIXED[:40],
    "azure-storage-key": "AccountKey=" + MIXED[:64] + "==",
    "azure-signature": "https://a.example/x?sv=1&sig=" + MIXED[:43],
    "google-api-key": "AIza" + MIXED[:35],
    "google-oauth-token": "ya29." + MIXED[:40],
    "google-client-secret": "GOCSPX-" + MIXED[:28],
    "github-token": GITHUB,
    "github-fine-grained-token": "github_pat_" + MIXED[:40],
    "gitlab-token": "glpat-" + MIXED[:20],
    "bitbucket-token": "ATBB" + MIXED[:28],
    "atlassian-token": "ATATT3" + MIXED[:70],
    "slack-token": "xoxb-" + "123456789012-" + MIXED[:20],
    "slack-webhook": "https://hooks.slack.com/services/T0/B0/" + MIXED[:24],
    "discord-webhook": "https://discord.com/api/webhooks/123456789/" + MIXED[:60],
    "discord-token": "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE." + MIXED[:38],
    "sidekiq-key": "BUNDLE_GEMS__CONTRIBSYS__COM=01234567:89abcdef",
    "telegram-token": "123456789:AA" + MIXED[:33],
    "stripe-key": "sk_live_" + MIXED[:24],
    "square-token": "sq0atp-" + MIXED[:22],
    "shopify-token": "shpat_" + HEX * 2,
    "twilio-key": "SK" + HEX * 2,
    "sendgrid-key": "SG." + MIXED[:22] + "." + MIXED[:43],
    "mailgun-key": "key-" + HEX * 2,
    "openai-key": "sk-" + MIXED[:20] + "T3BlbkFJ" + MIXED[:20],
    "openai-project-key": "sk-proj-" + MIXED[:60],
    "openai-old-key": "sk-" + MIXED[:48],
    "anthropic-key": "sk-ant-api03-" + MIXED[:80],
    "openrouter-key": "sk-or-v1-" + HEX * 4,
    "huggingface-token": "hf_" + "abcdEFGHijklMNOPqrstUVWXyzABcdEFGH",
    "replicate-token": "r8_" + MIXED[:37],
    "groq-key": "gsk_" + MIXED[:52],
    "xai-key": "xai-" + MIXED + MIXED[:40],
    "nvidia-key": "nvapi-" + MIXED[:60],
    "perplexity-key": "pplx-" + MIXED[:48],
    "deepseek-key": "sk-" + HEX * 2,
    "elevenlabs-key": "sk_" + HEX * 3,
    "langsmith-key": "lsv2_pt_" + HEX * 2 + "_" + HEX[:10],
    "pinecone-key": "pcsk_" + MIXED[:6] + "_" + MIXED[:60],
    "tavily-key": "tvly-dev-" + MIXED[:32],
    "wandb-key": "WANDB_API_KEY=" + HEX * 2 + HEX[:8],
    "kaggle-key": '{"username": "a", "key": "' + HEX * 2 + '"}',
    "npm-token": "npm_" + MIXED[:36],
    "pypi-token": "pypi-AgE" + MIXED[:60],
    "rubygems-key": "rubygems_" + HEX * 3,
    "docker-token": "dckr_pat_" + MIXED[:27],
    "digitalocean-token": "dop_v1_" + HEX * 4,
    "heroku-key": "HRKU-" + MIXED[:60],
    "cloudflare-key": "CLOUDFLARE_API_TOKEN=" + MIXED[:40],
    "databricks-token": "dapi" + HEX * 2,
    "doppler-token": "dp.pt." + MIXED[:43],
    "grafana-token": "glsa_" + MIXED[:41],
    "hashicorp-vault-token": "hvs." + MIXED[:90],
    "terraform-token": MIXED[:14] + ".atlasv1." + MIXED[:67],
    "linear-key": "lin_api_" + MIXED[:40],
    "notion-token": "ntn_" + MIXED[:46],
    "figma-token": "figd_" + MIXED[:40],
    "postman-key": "PMAK-" + HEX + HEX[:8] + "-" + HEX * 2 + "ab",
    "new-relic-key": "NRAK-" + "QWERTY234567ASDFGHJKLZXCVBN",
    "sentry-token": "sntrys_" + MIXED[:60],
    "supabase-key": "sbp_" + HEX * 2 + HEX[:8],
    "planetscale-token": "pscale_tkn_" + MIXED[:43],
    "tailscale-key": "tskey-auth-" + MIXED[:12] + "CNTRL-" + MIXED[:32],
    "jfrog-key": "AKCp" + MIXED + MIXED[:20],
    "pulumi-token": "pul-" + HEX * 2 + HEX[:8],
    "airtable-token": "pat" + MIXED[:14] + "." + HEX * 4,
    "mapbox-token": "sk.eyJ1Ijoi" + MIXED[:60] + "." + MIXED[:22],
    "azure-client-secret": "abc8Q~" + MIXED[:34],
    "fly-token": "FlyV1 fm2_" + MIXED * 2,
    "dynatrace-token": "dt0c01." + "ABCDEFGHIJ234567ABCDEFGH." + "ABCDEFGHIJ234567" * 4,
    "brevo-key": "xkeysib-" + HEX * 4 + "-" + MIXED[:16],
    "mailchimp-key": HEX * 2 + "-us12",
    "netlify-token": "nfp_" + MIXED[:36],
    "contentful-token": "CFPAT-" + MIXED[:43],
    "okta-token": "SSWS 00" + MIXED[:40],
    "putty-key": "PuTTY-User-Key-File-3: ssh-ed25519",
    "adafruit-key": "aio_" + MIXED[:28],
    "adobe-secret": "p8e-" + MIXED[:32],
    "alibaba-key": "LTAI" + MIXED[:20],
    "artifactory-token": "cmVmdGtuO" + MIXED[:55],
    "cerebras-key": "csk-" + HEX * 3,
    "clojars-token": "CLOJARS_" + (HEX * 4)[:60],
    "crates-token": "cio" + MIXED[:32],
    "defined-key": "dnkey-" + MIXED[:26] + "-" + MIXED[:52],
    "dropbox-token": "sl." + MIXED * 2,
    "duffel-token": "duffel_live_" + MIXED[:43],
    "easypost-key": "EZAK" + MIXED[:54],
    "endorlabs-token": "endr+" + MIXED[:16],
    "flutterwave-key": "FLWSECK_TEST-" + HEX * 2 + "-X",
    "frameio-token": "fio-u-" + MIXED[:64],
    "gitlab-runner-token": "GR1348941" + MIXED[:20],
    "harness-token": "pat." + MIXED[:22] + "." + HEX + HEX[:8] + "." + MIXED[:20],
    "hubspot-token": "pat-na1-" + UUID,
    "infracost-key": "ico-" + MIXED[:32],
    "intra42-secret": "s-s4t2ud-" + HEX * 4,
    "langfuse-key": "sk-lf-" + UUID,
    "lob-key": "live_" + (HEX * 3)[:35],
    "maxmind-key": "aB3dE5_" + MIXED[:29] + "_mmk",
    "neon-key": "napi_" + HEX * 4,
    "new-relic-other-key": "NRII-" + MIXED[:32],
    "nuget-key": "oy2" + (HEX * 3)[:43],
    "octopus-key": "API-QWERTY234567ASDFGHJKLZXCVB",
    "onepassword-key": "A3-QWERTY-QWERTYUIOP2-ASDFG-HJKL3-ZXCVB",
    "onepassword-token": "ops_eyJ" + MIXED,
    "openshift-token": "sha256~" + MIXED[:43],
    "packagist-token": "packagist_uut_" + HEX * 4 + HEX[:4],
    "plaid-token": "access-sandbox-" + UUID,
    "polar-token": "polar_oat_" + MIXED[:43],
    "posthog-key": "phx_" + MIXED[:43],
    "prefect-key": "pnu_" + MIXED[:36],
    "readme-key": "rdme_" + (HEX * 5)[:70],
    "resend-key": "re_" + MIXED[:8] + "_" + MIXED[:24],
    "scalingo-token": "tk-us-" + MIXED[:48],
    "settlemint-token": "sm_aat_" + MIXED[:16],
    "shippo-token": "shippo_live_" + (HEX * 3)[:40],
    "slack-app-token": "xapp-1-A012345678-1234567890123-" + HEX * 4,
    "amazon-mws-key": "amzn.mws." + UUID,
    "apify-token": "apify_api_" + MIXED[:36],
    "authress-key": "sc_" + MIXED[:12] + "." + MIXED[:4] + ".acc_" + MIXED[:12] + "." + MIXED[:40],
    "aws-bedrock-key": "ABSK" + (MIXED * 2)[:109] + "=",
    "azure-shared-key": "SharedAccessKeyName=n;SharedAccessKey=" + MIXED[:43] + "=",
    "buildkite-token": "bkua_" + HEX * 2 + HEX[:8],
    "circleci-token": "CCIPAT_" + MIXED[:22] + "_" + HEX * 2 + HEX[:8],
    "clickhouse-key": "4b1d" + MIXED[:38],
    "cloudflare-origin-key": "v1.0-" + HEX[:12] * 2 + "-" + (HEX * 10)[:146],
    "cockroach-key": "CCDB1_" + MIXED[:22] + "_" + MIXED[:40],
    "cursor-key": "key_" + HEX * 4,
    "databento-key": "db-" + MIXED[:29],
    "deepl-key": UUID + ":fx",
    "docker-login": '{"auths": {"a.example": {"auth": "' + MIXED[:40] + '"}}}',
    "facebook-token": "EAAC" + (MIXED * 2)[:120],
    "firebase-key": "AAAA" + MIXED[:7] + ":APA91b" + (MIXED * 2)[:134],
    "firebase-secret": "https://a.firebaseio.com/x.json?auth=" + MIXED[:40],
    "firecrawl-key": "fc-" + HEX * 2,
    "fireworks-key": "fw_" + MIXED[:24],
    "gitlab-session": "_gitlab_session=" + HEX * 2,
    "google-refresh-token": "1//0" + MIXED[:60],
    "grafana-key": "eyJrIjoi" + MIXED[:80],
    "jina-key": "jina_" + MIXED[:60],
    "jumpcloud-key": "jca_" + MIXED[:36],
    "launchdarkly-key": "sdk-" + UUID,
    "mailersend-token": "mlsn." + HEX * 4,
    "mandrill-key": "md-" + MIXED[:22],
    "modal-token": "as-" + MIXED[:22],
    "paypal-token": "access_token$production$" + HEX + "$" + HEX * 2,
    "razorpay-key": "rzp_live_" + MIXED[:14],
    "render-key": "rnd_" + MIXED[:28],
    "retool-token": "retool_01" + MIXED[:26],
    "rootly-key": "rootly_" + HEX * 4,
    "runpod-key": "rpa_" + UPPER[:40],
    "salesforce-session": "00D5g000004" + MIXED[:4] + "!" + MIXED[:96],
    "samsara-token": "samsara_api_" + MIXED[:28],
    "sonar-token": "sqp_" + HEX * 2 + HEX[:8],
    "stackhawk-key": "hawk." + MIXED[:20] + "." + MIXED[:20],
    "stripe-webhook-secret": "whsec_" + MIXED[:32],
    "tinybird-token": "p.eyJ1Ijoi" + MIXED[:60] + "." + MIXED[:43],
    "twitter-token": "A" * 22 + "%2F" + MIXED[:85],
    "ubidots-token": "BBFF-" + MIXED[:30],
    "voyage-key": "pa-" + MIXED[:43],
    "yandex-access-key": "YC" + MIXED[:38],
    "yandex-token": "t1." + MIXED[:80] + "." + MIXED[:86],
    "zapier-webhook": "https://hooks.zapier.com/hooks/catch/1234567/abcdefg/",
    "zoho-token": "1000." + HEX * 2 + "." + HEX * 2,
    "sourcegraph-token": "sgp_" + (HEX * 3)[:40],
    "teams-webhook": "https://a.webhook.office.com/webhookb2/" + UUID + "@" + UUID,
    "together-key": "tgp_v1_" + MIXED[:43],
    "typeform-token": "tfp_" + MIXED[:59],
    "vercel-token": "vcp_" + MIXED[:56],
    "yandex-key": "AQVN" + MIXED[:36],
    "zuplo-key": "zpka_" + MIXED[:40],
    "json-web-token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + MIXED[:43],
    "authorization-header": "{'Authorization': 'Basic " + MIXED[:24] + "'}",
    "bearer-token": "curl -H 'x: Bearer " + MIXED[:40] + "'",
    "cookie": "Set-Cookie: session=" + MIXED[:40],
    "curl-password": "curl -s -u ada:correct-horse https://a.example",
    "password-in-url": "postgres://ada:correcthorse@db.example/x",
    "token-in-url": "https://a.example/x?access_token=" + MIXED[:24],
    "token-as-user": "https://" + MIXED[:40] + "@git.example/a/b.git",
    "netrc-password": "machine a.example login ada password horse",
    "secret-variable": "HF_HUB_TOKEN=" + MIXED[:34],
    "assigned-secret": "api_key: " + MIXED[:20],
}


def test_each_pattern_has_an_example() -> None:
    """One that is not tried may match nothing."""
    assert set(SECRETS) == set(PATTERNS)


@pytest.mark.parametrize("name", NEEDED)
@given(data=st.data())
def test_a_pattern_whose_words_a_text_lacks_matches_nothing_in_it(
    name: str, data: st.DataObject
) -> None:
    """So it need not be searched for."""
    match = data.draw(st.from_regex(PATTERNS[name], alphabet=st.characters(codec="ascii")))
    assert any(word in match.lower() for word in NEEDED[name])


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found(name: str) -> None:
    """With the name under which it may be allowed, and its line; escaped for HTML or not."""
    allowed = set(PATTERNS) - {name}
    secret = SECRETS[name]
    assert (name, 2) == find_secret(f"a line\n({secret})", allowed)
    assert (name, 1) == find_secret(secret.replace("=", "&#61;"), allowed)
    assert find_secret(secret) is not None
    assert find_secret(secret, PATTERNS) is None


@pytest.mark.parametrize(
    "text",
    [
        repr(f"x\n{GITHUB}"),
        repr(f"x\n{GITHUB}".encode()),
        repr(repr(f"x\t{GITHUB}")),
        json.dumps(f"a\n{GITHUB}"),
        json.dumps(f"é{GITHUB}"),
        f"https://a.example/?q=%20{GITHUB}",
        repr(f"\x1b[31m{GITHUB[:9]}\x1b[0m{GITHUB[9:]}"),
        repr(SECRETS["aws-access-key"].join("\n\n")),
        repr(SECRETS["telegram-token"].join("\r\n")),
        json.dumps(SECRETS["kaggle-key"]),
        json.dumps(SECRETS["docker-login"]),
        json.dumps(json.dumps(SECRETS["docker-login"])),
        repr("machine a.example\n  login ada\n  password correcthorse"),
        "machine a.example\n  password correcthorse login ada",
        f"{GITHUB[:24]}\n{GITHUB[24:]}",
        f"{GITHUB[:9]}\u200b\u00ad{GITHUB[9:]}",
        f'"SecretAccessKey": "{MIXED[:40]}"',
        f"wandb.login(key='{HEX}{HEX}01234567')",
        f"{{'username': 'ada', 'key': '{HEX * 2}'}}",
        "https://api.telegram.org/bot123456789:AA" + MIXED[:33] + "/getMe",
        base64.b64encode(b"-----BEGIN EC PRIVATE KEY-----").decode(),
        "sshpass -p correct ssh ada@a.example",
        "host=a user=ada password=correct dbname=b",
        f"api_key%3D{MIXED[:20]}",
        f"\\u0022token=\\u0022: \\u003c{GITHUB}\\u003e",
    ],
)
def test_a_secret_behind_an_escape_is_found(text: str) -> None:
    """In a `repr`, in JSON, in an address, however often it was escaped; with its line."""
    found = find_secret(f"a line\n{text}")
    assert found is not None
    assert 2 == found[1]


def test_a_secret_that_was_broken_into_lines_is_found_on_the_first() -> None:
    """As `rich` and `fold` break lines; above it others may be broken."""
    text = f"{'a' * 30}\n{'b' * 30}\n\nc\n{GITHUB[:24]}\n{GITHUB[24:]}\nd"
    assert ("github-token", 5) == find_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "api_key = os.environ['API_KEY']",
        "password: ********",
        "token: <your token>",
        "token=xxxxxxxx",
        "Authorization: Bearer $TOKEN",
        "a bearer of good news and of 12 apples",
        "https://a.example/x?key=temperature&token=none",
        "https://user@a.example/",
        "tokens: 12345678901234567890",
        "0123456789abcdef0123456789abcdef01234567",
        "the secret is 42, the key is 7",
        "risk-" + "a" * 48,
        "pk_live_" + MIXED[:24],
        "tensor([1.2345678901234567e-05, 9.87])",
        "eyJ.eyJ.x",
        "SORT_KEY = 'a-name-of-a-column-to-sort-by'",
        "CACHE_KEY=1234567890123456789012345",
        "cookie: chocolate=chip",
        "db-a-host-of-a-data-base-in-a-rack and md-button-with-an-icon-in-it",
        "fw_forward_hook_of_a_network and as-a-matter-of-fact-and-of-law-2024",
        "A" * 3_000,
        "pk." + MIXED[:60] + "." + MIXED[:22],
        "curl -u user https://a.example",
        r"C:\new\table\api_key=C:\x and \text{a} \nu \rho",
        "https://a.example/a%20b?next=%2Flogin%3Fa%3Db",
        "100% of it, 5%ab",
        "# the default password callback, with user=user, password=password, host=host",
        "OLDPWD=/home/ada7 PWD=/home/ada7 FIRST_PASS=False SECOND_PASS = running",
        "docker://nginx:latest@sha256:0123456789abcdef redis://cache:6379/0?to=a@b",
        "password='********' password=\"password\" passwd: str",
        f"{HEX * 2}\n{HEX * 2}\n{UUID}\n{UUID}\n{MIXED[:64]}\n{MIXED[:64]}",
        "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYD",
        "X-Request-Id: 0f1e2d3c-0f1e-4d3c-8f1e-0f1e2d3c4b5a",
    ],
)
def test_what_is_no_secret_is_published(text: str) -> None:
    """Placeholders, digests, numbers, public keys."""
    assert find_secret(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "pk_live_" + MIXED[:24],
        "FLWPUBK_TEST-" + HEX * 2 + "-X",
        "pk.eyJ1" + MIXED[:50] + "." + MIXED[:22],
        "AC" + HEX * 2,
        "arn:aws:iam::123456789012:user/ada",
        "db_" + MIXED[:24],
        "meraki=" + (HEX * 3)[:40],
    ],
)
def test_what_only_its_surroundings_tell_from_other_text_is_published(text: str) -> None:
    """Keys that are meant to be seen, names of accounts, and digits of any digest."""
    assert find_secret(text) is None


def _rendered(outputs: list[Mapping[str, object]], front_matter: str = "") -> RenderedCell:
    text = f"---\n{KERNEL}\n{front_matter}---\n```python\nx\n```\n{{: #a data-alt='a'}}\n"
    post = parse(text, "post")
    assert post is not None
    site = Site(Path("/nowhere/blog"), Settings())
    run = made_up_run(transclude(post, site, {}), [outputs])
    return render(post, run, site, "slug")[0]


def _shown(kind: str, content: object) -> Mapping[str, object]:
    return {"output_type": "display_data", "data": {kind: content}, "metadata": {}}


@pytest.mark.parametrize(
    "output",
    [
        printed(f"a\n{GITHUB}\n"),
        printed(GITHUB, "stderr"),
        {"output_type": "error", "traceback": [f"E: {GITHUB}"]},
        _shown("text/plain", GITHUB),
        _shown("text/html", f"<b title='{GITHUB}'>a</b>"),
        _shown("text/html", f"<p><i>{GITHUB[:9]}</i><b>{GITHUB[9:]}</b></p>"),
        printed(f"\x1b[31m{GITHUB[:9]}\x1b[0m\x1b[1m{GITHUB[9:]}\x1b[0m"),
        _shown("text/markdown", f"[a](https://a.example/{GITHUB})"),
        _shown("application/json", {"a": GITHUB}),
        _shown("audio/mp3", base64.b64encode(b"ID3\0\xff" + GITHUB.encode()).decode()),
        _shown("image/svg+xml", f"<svg><text>{GITHUB}</text></svg>"),
        _shown("image/svg+xml", f"<svg><text>{GITHUB[:9]}<tspan>{GITHUB[9:]}</tspan></text></svg>"),
        _shown("image/svg+xml", f"<svg><text>{GITHUB[:9]}<![CDATA[{GITHUB[9:]}]]></text></svg>"),
        _shown(
            "text/html",
            f"<p>a</p><svg><text>{GITHUB[:9]}<tspan>{GITHUB[9:]}</tspan></text><path/></svg>",
        ),
        _shown("application/vnd.plotly.v1+json", {"data": [{"name": GITHUB}]}),
        _shown(
            "application/vnd.plotly.v1+json",
            {"data": [{"name": f"{GITHUB[:9]}<b>{GITHUB[9:]}</b>"}]},
        ),
        _shown("application/vnd.plotly.v1+json", {"data": [{"name": f"a\n{GITHUB}"}]}),
    ],
)
def test_a_secret_stops_the_build(output: Mapping[str, object]) -> None:
    """The error names the cell's line and not the secret; the author may allow it by name."""
    with pytest.raises(RenderError) as caught:
        _rendered([output])
    assert str(caught.value).startswith("post:4: line ")
    assert "looks like a secret (github-token); nothing was written" in str(caught.value)
    assert GITHUB not in str(caught.value)
    assert _rendered([output], "allowed_secrets: [github-token]\n").region


def test_a_secret_between_tags_of_trusted_html_stops_the_build() -> None:
    """Readers see it whole, whatever scripts are beside it."""
    markup = f"<script>a < b</script><i>{GITHUB[:9]}</i><script></script><b>{GITHUB[9:]}</b>"
    text = f"---\n{KERNEL}\n---\n```python\nx\n```\n{{: #a data-alt='a'}}\n"
    post = parse(text, "post")
    assert post is not None
    with pytest.raises(RenderError, match="looks like a secret"):
        refuse_unpublishable(post, [[Page(markup)]], ())


def _publish_product(data: bytes, *allowed: str) -> None:
    """Refuse a file that a cell wrote, or do not."""
    post = parse(f"---\n{KERNEL}\n---\n```python\nx\n```\n", "post")
    assert post is not None
    [cell] = made_up_run(transclude(post, Site(Path("/nowhere"), Settings()), {}), [[]]).cells
    ran = replace(cell, products={"assets/models/a": data})
    refuse_unpublishable_products(post, [ran], allowed)


@pytest.mark.parametrize(
    "data",
    [
        f"é,b\n{GITHUB}\n".encode("latin-1"),
        f"a\n{GITHUB}\n".encode("utf-16"),
        f"é\n{GITHUB}\n".encode("utf-16-be"),
        f"a\n{GITHUB}".encode("utf-32"),
        b"\x80\x02\n\x8c\x28" + GITHUB.encode() + b"\x94.",
    ],
)
def test_a_secret_in_a_file_of_any_encoding_stops_the_build(data: bytes) -> None:
    """Also within bytes that are no text, as in a pickle; the line is that of the file."""
    with pytest.raises(RenderError, match=r"line 2 of assets/models/a looks like a secret"):
        _publish_product(data)
    _publish_product(data, "github-token")


def test_bytes_that_are_no_text_hold_no_secret() -> None:
    """Weights of a network, an image."""
    _publish_product(random.Random(0).randbytes(1_000_000))  # noqa: S311  # the same in each run


MACHINE = Machine("/home/ada", "ada", "fv-az12-345", "/var/tmp/run9")


@pytest.mark.parametrize(
    ("printed_text", "expected"),
    [
        (
            "https://mirror.example/nowhere/blog/file.csv",
            "https://mirror.example/nowhere/blog/file.csv",
        ),
        ("/data/nowhere/blog/x", "/data/nowhere/blog/x"),
        ("file:///nowhere/blog/x.csv file:///home/ada/y", "x.csv ~/y"),
        ("https://a.example/home/ada/x", "https://a.example/home/ada/x"),
        ("ada@fv-az12-345:~$", "user@host:~$"),
        ("on fv-az12-345.local", "on host.local"),
        ("/mnt/home/ada/x /Users/ada/x", "/mnt/home/user/x /Users/user/x"),
        ("user: ada, USERNAME='ada'", "user: user, USERNAME='user'"),
        ("'ada'", "'user'"),
        (
            "~ada/x log2(ada) uid=1000(ada) gid=1000(ada)",
            "~user/x log2(ada) uid=1000(user) gid=1000(user)",
        ),
        (
            "-rw-r--r-- 1 ada ada 12 x\ndrwxr-x--- 2 ada www 4 ada",
            "-rw-r--r-- 1 user user 12 x\ndrwxr-x--- 2 user www 4 ada",
        ),
        ("%2Fhome%2Fada%2Fx", "%2Fhome%2Fuser%2Fx"),
        (json.dumps(json.dumps(r"C:\Users\ada\x")), json.dumps(json.dumps(r"C:\Users\user\x"))),
        ("\\/home\\/ada\\/x", "\\/home\\/user\\/x"),
        ("FV-AZ12-345 is fv-az12-3456", "host is fv-az12-3456"),
        ("Canada and ada", "Canada and ada"),
        ("/var/tmp/run9/tmpabcd1234/x", "/tmp/…/x"),
        ("/tmp/post-builder-ab12cd_e/x", "/tmp/…/x"),
        ("a:/nowhere/blog/b:/home/ada/c", "a:b:~/c"),
        (repr("a\n/nowhere/blog/x.py\t/home/ada/y"), repr("a\nx.py\t~/y")),
        (repr("a\nada@fv-az12-345"), repr("a\nuser@host")),
        ("a\\u0020/home/ada/x%20/home/ada/y", "a\\u0020~/x%20~/y"),
        ("\x1b[1;35m/nowhere/blog/\x1b[0m\x1b[95m/home/ada/x", "\x1b[1;35m./\x1b[0m\x1b[95m~/x"),
        ("cc -I/nowhere/blog/inc -L/home/ada/lib", "cc -Iinc -L~/lib"),
        ("/opt/a-b/home/ada a-x/home/ada", "/opt/a-b/home/user a-x/home/user"),
        ("sqlite:////home/ada/db duckdb:///nowhere/blog/x.db", "sqlite:///~/db duckdb://x.db"),
        ("file://a/home/ada/x", "file://a/home/user/x"),
        ("at http://fv-az12-345:6006/ (Press)", "at http://host:6006/ (Press)"),
        ("tcp://ada@fv-az12-345.local/x, ws://FV-az12-345.", "tcp://user@host.local/x, ws://host."),
        ("http://ada-laptop.local:8888/tree", "http://host.local:8888/tree"),
        ("ssh://ada:x@a.example/", "ssh://user:x@a.example/"),
        *(
            (address, address)
            for address in (
                "https://fv-az12-345.example/ada@fv-az12-345.local",
                "https://a.example/fv-az12-345/ada",
                "https://ada.example/x https://a.example/?q=//ada@b",
                "http://a.local.example/ http://db.svc.cluster.local/x",
                "http://a.localhost/ http://local/ http://host.local/",
                "https://git@a.example/ada/x.git",
            )
        ),
    ],
)
def test_names_of_the_machine_go_and_addresses_stay(
    monkeypatch: pytest.MonkeyPatch, printed_text: str, expected: str
) -> None:
    """A URL is no path, nor is a path the middle of another; a name in prose may be a word."""
    monkeypatch.setattr(scrubbing, "this_machine", lambda: MACHINE)
    assert expected == scrub(printed_text, Path("/nowhere/blog"))


def test_figures_are_cleaned_like_text() -> None:
    """A path in a drawing, or the name of the author in an image."""
    drawing = _rendered([_shown("image/svg+xml", "<svg><text>/nowhere/blog/x.csv</text></svg>")])
    assert b"<text>x.csv</text>" in drawing.figures[0].data
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x013B] = "Ada"
    Image.new("L", (4, 4)).save(stream, "jpeg", exif=exif)
    content = base64.b64encode(stream.getvalue()).decode()
    assert b"Ada" not in _rendered([_shown("image/jpeg", content)]).figures[0].data


def test_charts_are_cleaned_like_text() -> None:
    """Also one that a script would draw; it stays JSON."""
    data = [{"name": "/nowhere/blog/x.csv", "text": ['a\n/nowhere/blog/y "z"'], "y": [0.5]}]
    kind = "application/vnd.plotly.v1+json"
    script = f"<script>Plotly.newPlot('a', {json.dumps(data)}, {{}})</script>"
    for output in (_shown(kind, {"data": data}), _shown("text/html", script)):
        chart = json.loads(_rendered([output]).figures[0].data)
        assert [{"name": "x.csv", "text": ['a\ny "z"'], "y": [0.5]}] == chart["data"]

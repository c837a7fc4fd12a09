"""README's sections that use the demo, typed into a shell with the demo up."""

import json
import os
import re
import subprocess

from cryptography import x509
from harness import process


def commands(begin, end):
    """The blocks of commands between two texts of README, in order."""
    with open(os.path.join(process.ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().partition(begin)[2].partition(end)[0]
    blocks = [b for b in re.split(r"\n\s*\n", section) if b.startswith("    ")]
    assert all(line.startswith("    ") for block in blocks for line in block.splitlines())
    return [re.sub("^    ", "", block, flags=re.M) for block in blocks]


def test_the_demo_is_managed_as_readme_says(demo):
    demo.up()
    blocks = commands("\n## Manage\n", "\nCZERTAINLY's administrator front end")
    assert len(blocks) == 5
    # What a person does not notice: the workers with the new settings are there a moment later.
    head, mark, last = blocks[-1].partition("curl ")
    blocks[-1] = f"{head}until {mark}--fail {last} >/dev/null 2>&1; do sleep 0.1; done\n{mark}{last}"
    script = "set -euo pipefail\n" + "\necho; echo ----\n".join(blocks)
    done = subprocess.run(["bash", "-c", script], check=False, timeout=120, **demo.options())
    assert done.returncode == 0, done.stdout + done.stderr
    listed, made, shown, found, audit = done.stdout.split("\n----\n")
    assert json.loads(listed) == []
    made = json.loads(made)
    assert made["name"] == "devices" and made["caCertificate"]["commonName"] == "demo SCEP RA"
    assert made["enableChallengePassword"] is True and "try me" not in done.stdout
    assert re.search(r"^devices +yes +default +yes +no", shown, re.M), shown
    serial = f"{x509.load_pem_x509_certificate(demo.read('leaf.pem')).serial_number:032X}"
    items = json.JSONDecoder().raw_decode(found)[0]["items"]
    assert serial in [item["serialNumber"] for item in items]
    for line in (f"serial: +{serial}", "status: +revoked", "revocationReason: +superseded"):
        assert re.search(f"^{line}$", found, re.M), found
    operations = [item["operation"] for item in json.loads(audit)["items"]]
    assert operations[:4] == ["REVOKE", "ENABLE", "UPDATE", "CREATE"]
    # Settings that somebody has changed stay.
    settings = demo.read("certwright.conf")
    assert b"[Admin]" in settings
    demo.up()
    assert demo.read("certwright.conf") == settings


def test_the_demo_tells_of_revocation_as_readme_says(demo):
    demo.up()
    shell, *_ = commands("\n## Manage\n", "\nCZERTAINLY's administrator front end")
    status, settings, jobs, metrics = commands("\n## OCSP, CRLs and metrics\n", "\n## Back up\n")
    # What a person does not notice: the workers with the new settings are there a moment later.
    head, mark, last = metrics.partition("curl ")
    metrics = f"{head}until {mark}--fail {last} >/dev/null 2>&1; do sleep 0.1; done\n{mark}{last}"
    parts = ["set -euo pipefail", shell.rpartition("\n")[0], status, "echo ----", jobs, "echo ----", metrics]
    done = subprocess.run(["bash", "-c", "\n".join(parts)], check=False, timeout=120, **demo.options())
    assert done.returncode == 0, done.stdout + done.stderr
    asked, crl, measured = done.stdout.split("\n----\n")
    assert re.findall(r"renewed\.pem: (\w+)", asked) == ["good", "revoked"], asked
    assert "Reason: certificateHold" in asked
    assert re.search(r"^publish-crls .*\n +\S+Z done$", crl, re.M) and "X509v3 CRL Number" in crl, crl
    assert "certwright_crl_number" in measured
    # These settings are a valid file's.
    with open(demo.path("more.conf"), "w", encoding="utf-8") as file:
        file.write(demo.read("certwright.conf").decode() + settings)
    argv = [demo.env()["CERTWRIGHT_BIN"], "check-config", "--config", demo.path("more.conf")]
    shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "[CRL] AddCdp = true" in shown and "[CRL] PublishOnRevocation = true" in shown

#!/bin/sh
# A headless Chromium for the browser tests: one that is here, Debian's package, or Playwright's own.
set -eu

command -v chromium >/dev/null || command -v google-chrome >/dev/null && exit 0

if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
    if $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends chromium; then
        exit 0
    fi
    echo "Debian's Chromium could not be installed; trying Playwright's own." >&2
fi
.venv/bin/python -m playwright install chromium

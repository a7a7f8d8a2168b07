#!/usr/bin/env bash
# Runs while an image is built (Dockerfile): Arrow C++ as scripts/setup brings it, from a wheel with one of the hashes
# of wheels.txt.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

wheels=$(mktemp -d)
python3 -m venv "$wheels/venv"
"$wheels/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
  --only-binary :all: --require-hashes --requirement "$here/wheels.txt" --dest "$wheels"
PIP_NO_INDEX=1 PIP_FIND_LINKS=$wheels "$here/../setup" build
rm -rf "$wheels"

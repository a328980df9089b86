#!/bin/sh
# Installs the tools of the toolchain suite into the given folder: a Python environment with pytest,
# coverage, ruff, mypy and uv, pnpm, and the LiteLLM proxy. Rust and Go are taken from the machine, TypeScript
# and Biome from node_modules, zsh, fish and bubblewrap from the system if they can be installed.
set -eu
to=$1
mkdir -p "$to"
python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check pytest==8.4.2 pytest-cov==7.0.0 \
  coverage==7.11.3 ruff==0.14.5 mypy==1.18.2 uv==0.9.7
npm install --silent --prefix "$to/pnpm" pnpm@9.15.9
sh "$(dirname "$0")/install-litellm.sh" "$to"
for program in cargo go; do
  command -v "$program" > /dev/null || { echo "$program is not installed" >&2; exit 1; }
done
# Shells for the completion tests, and the program of the sandbox; the tests of a missing one are skipped.
for program in zsh fish bwrap; do
  command -v "$program" > /dev/null && continue
  package=$program
  [ "$program" = bwrap ] && package=bubblewrap
  apt-get install -y -q --no-install-recommends "$package" > /dev/null 2>&1 \
    || echo "$package is not installed: its tests are skipped" >&2
done

#!/bin/sh
# Installs the LiteLLM proxy into the given folder. Uses uv because pip takes minutes for its dependencies.
set -eu
to=$1/litellm
python3 -m venv "$to"
"$to/bin/pip" install --quiet --disable-pip-version-check uv==0.9.7
"$to/bin/uv" pip install --quiet --python "$to/bin/python" "litellm[proxy]==1.77.7"

#!/bin/sh
# Makes .venv from hashed, pinned requirements. Run by make before everything else; where nothing changed it costs nothing.
set -eu
umask go-w # what is set up here holds programs that are run: nobody else may change it
cd "$(dirname "$0")/.."
stamp=.venv/groundwork-ready
claim=.venv-in-the-making

say() { printf '%s\n' "$*" >&2; }

wanted() { { pwd; cat tools/requirements-uv.txt tools/requirements.txt; sed -n '1,/^\[tool\./p' pyproject.toml; } | cksum; }

is_ready() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ] && .venv/bin/python -c '' 2>/dev/null; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if command -v "$name" >/dev/null 2>&1 && fits "$name"; then
            command -v "$name"
            return
        fi
    done
    present=$("${PYTHON:-python3}" --version 2>/dev/null || echo "no ${PYTHON:-python3}")
    say "groundwork needs Python 3.11 or newer, and here is $present: install one (Debian and Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python), or name it: make up PYTHON=/path/to/python3."
    exit 1
}

cannot_write() {
    say "The project's folder cannot be written to ($1): free some space, or clone the project where you may write, and run make again."
    exit 1
}

# One set-up at a time per clone; a claim whose process is gone is taken over.
take_turn() {
    tries=0
    while ! why=$(mkdir "$claim" 2>&1); do
        if [ ! -d "$claim" ]; then
            tries=$((tries + 1))
            [ "$tries" -lt 9 ] || cannot_write "$why"
            continue
        fi
        holder=$(cat "$claim/pid" 2>/dev/null || echo)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
            rm -rf "$claim"
        else
            ${waiting:+:} say "another make sets .venv up (process ${holder:-unknown}): waiting for it; if there is none, delete $claim and run make again."
            waiting=yes
            sleep 1
        fi
    done
    echo $$ >"$claim/pid"
    trap 'rm -rf "$claim"' EXIT
    trap 'exit 130' INT TERM
}

# uv does not read pip's settings; a mirror or certificate that pip was told of holds for it too.
like_pip() {
    index=$(.venv/bin/python -m pip config list 2>/dev/null | sed -n "s/^[^=]*\.index-url='\(.*\)'$/\1/p" | tail -n 1)
    index=${PIP_INDEX_URL:-$index}
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
    if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
        export SSL_CERT_FILE="$PIP_CERT"
    fi
}

no_venv() {
    say ".venv could not be made with $1; any lines above say why. Often the disk is full: free some space (.venv takes up to 700 MB) and run make again."
    exit 1
}

no_packages() {
    say "The Python packages could not be installed; the lines above say why. Behind a proxy or mirror, set HTTPS_PROXY or PIP_INDEX_URL and run make again."
    exit 1
}

# Containers often forbid Python to keep its bytecode; each command would then compile all that it starts with.
compile_once() {
    env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -c '
import groundwork.cli.up, groundwork.environment.validation, localcloud.provider.protocol.daemon, localcloud.server.process
from groundwork.resources.registry import kinds
kinds()
'
}

# In LANG=C Python reads no folder with an accent out of a .pth file; from where the file lies, ours has none.
name_no_folder() {
    for file in .venv/lib/python3.*/site-packages/__editable__.groundwork-*.pth; do
        echo ../../../../tools >"$file"
    done
}

# An older namespace package builds google.cloud anew whenever Python starts, which costs as much as the rest of that; imports do without.
no_namespaces_at_start() {
    rm -f .venv/lib/python3.*/site-packages/*-nspkg.pth
}

make_venv() {
    python=$(find_python)
    say "setting up .venv with $("$python" --version) (once)"
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        say "$python comes without venv or ensurepip: install them (Debian and Ubuntu: sudo apt install python3-venv), or name another Python: make up PYTHON=/path/to/python3."
        exit 1
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv
    "$python" -m venv .venv || no_venv "$python"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        -r tools/requirements-uv.txt || no_packages
    like_pip
    .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --no-build-isolation tools/requirements.txt || no_packages
    LC_ALL=C.UTF-8 .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable . ||
        no_packages
    name_no_folder
    no_namespaces_at_start
    compile_once
    wanted >"$stamp"
}

is_ready && exit 0
take_turn
is_ready || make_venv

#!/bin/sh
# Installs dgov:
#
#     curl -fsSL https://.../install.sh | sh
#     sh install.sh --version 0.1.0
#
# Downloads the build for this platform, verifies its SHA-256 and moves it to ~/.local/bin/dgov with a single
# rename. An installed dgov is left unchanged if any step before that fails.
#
#     DGOV_BASE_URL     URL of the releases: <base>/latest/download/ or <base>/download/v<version>/
#     DGOV_INSTALL_DIR  installation directory; default ~/.local/bin
set -eu

base_url=${DGOV_BASE_URL:-https://github.com/dgov/dgov/releases}
install_dir=${DGOV_INSTALL_DIR:-${HOME:?HOME is not set}/.local/bin}
version=
work=
staged=

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

cleanup() {
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$staged" ] || rm -f "$staged"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

usage() {
  printf 'usage: install.sh [--version X.Y.Z] [--dir DIR]\n'
}

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --version) [ $# -ge 2 ] || fail '--version requires a value'; version=${2#v}; shift 2 ;;
      --version=*) version=${1#--version=}; version=${version#v}; shift ;;
      --dir) [ $# -ge 2 ] || fail '--dir requires a value'; install_dir=$2; shift 2 ;;
      --dir=*) install_dir=${1#--dir=}; shift ;;
      -h|--help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
  done
  case $version in
    *[!0-9A-Za-z.+-]*) fail "invalid version: $version" ;;
  esac
}

# Prints the release target of this machine: linux-x64, linux-arm64-musl, darwin-arm64, ...
platform() {
  os=$(uname -s)
  machine=$(uname -m)
  case $machine in
    x86_64|amd64) arch=x64 ;;
    aarch64|arm64) arch=arm64 ;;
    *) fail "unsupported architecture: $machine" ;;
  esac
  case $os in
    Linux) if is_musl; then echo "linux-$arch-musl"; else echo "linux-$arch"; fi ;;
    Darwin)
      # Under Rosetta, uname reports x86_64 on an arm64 machine.
      if [ "$arch" = x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
        arch=arm64
      fi
      echo "darwin-$arch" ;;
    *) fail "unsupported operating system: $os" ;;
  esac
}

is_musl() {
  for loader in /lib/ld-musl-*; do
    # A glibc system may also have musl's loader installed.
    [ -e "$loader" ] && ! ls /lib*/ld-linux* /lib*/*/ld-linux* >/dev/null 2>&1 && return 0
  done
  ldd --version 2>&1 | grep -qi musl
}

# download URL FILE: saves URL as FILE.
download() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --retry 2 --output "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1"
  else
    fail 'curl or wget is required'
  fi
}

# sha256 FILE: prints the SHA-256 of FILE in hexadecimal.
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    fail 'sha256sum, shasum or openssl is required'
  fi
}

main() {
  parse "$@"
  archive=dgov-$(platform).tar.gz
  if [ -n "$version" ]; then
    from=$base_url/download/v$version
  else
    from=$base_url/latest/download
  fi
  work=$(mktemp -d "${TMPDIR:-/tmp}/dgov-install.XXXXXX")
  download "$from/$archive" "$work/$archive" || fail "failed to download $from/$archive"
  download "$from/$archive.sha256" "$work/sha256" || fail "failed to download $from/$archive.sha256"
  wanted=$(cut -d ' ' -f 1 <"$work/sha256")
  case $wanted in
    *[!0-9a-f]*|'') fail "$archive.sha256 does not contain a SHA-256 checksum" ;;
  esac
  got=$(sha256 "$work/$archive")
  [ "$got" = "$wanted" ] || fail "checksum mismatch for $archive: expected $wanted, got $got"
  tar -xzf "$work/$archive" -C "$work" dgov || fail "failed to unpack $archive"
  chmod 755 "$work/dgov"
  installed=$("$work/dgov" --version) || fail 'the downloaded program does not start on this machine'
  mkdir -p "$install_dir"
  # Staged in the same directory, so that the last step is a rename.
  staged=$install_dir/.dgov.$$
  cp "$work/dgov" "$staged"
  mv -f "$staged" "$install_dir/dgov"
  staged=
  printf 'installed %s as %s\n' "$installed" "$install_dir/dgov"
  case :${PATH:-}: in
    *:"$install_dir":*) ;;
    *) printf 'add the directory to your PATH: export PATH="%s:$PATH"\n' "$install_dir" ;;
  esac
}

# Called on the last line, so that a partially downloaded script does nothing.
main "$@"

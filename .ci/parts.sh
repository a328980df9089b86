#!/usr/bin/env bash
# The frame of the checks, read by `.ci/run` and `.ci/full`: a clean clone, named parts with their time and their
# count of tests, and a last line `N passed, N failed`.
set -uo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
broken=0

count() { grep -E "^ *[0-9]+ $1\$" "$2" | awk '{ sum += $1 } END { print sum + 0 }'; }

# part NAME COMMAND...: runs it, shows its output, counts its tests, says how long it took.
part() {
  local name=$1 log="$work/$1.log" start=$SECONDS status
  shift
  printf '\n=== %s: %s\n' "$name" "$*"
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  passed=$((passed + $(count pass "$log")))
  failed=$((failed + $(count fail "$log")))
  if [ "$status" -ne 0 ]; then broken=$((broken + 1)); fi
  printf '=== %s: %s s, exit %s\n' "$name" "$((SECONDS - start))" "$status"
}

# whole NAME COMMAND...: a part in which no test may be skipped.
whole() {
  part "$@"
  local skipped
  skipped=$(count skip "$work/$1.log")
  if [ "$skipped" -ne 0 ]; then
    broken=$((broken + 1))
    printf '=== %s: %s skipped, which is not allowed here\n' "$1" "$skipped"
  fi
}

git clone -q --no-hardlinks "$here" "$work/dgov" || exit 1
cd "$work/dgov" || exit 1

bun() { npx -y "$(sed -n 's/.*"packageManager": "\(bun@[0-9.]*\)".*/\1/p' package.json)" "$@"; }

# finish: prints the last line; the exit code says whether everything passed.
finish() {
  failed=$((failed > 0 || broken == 0 ? failed : broken))
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
}

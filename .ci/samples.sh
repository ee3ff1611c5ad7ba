#!/usr/bin/env bash
# Starts each sample as a newcomer would, calls it over a real socket, and stops it. Every wait has a limit.
set -euo pipefail
cd "$(dirname "$0")/.."
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $1" >&2
  [[ -f ${2:-} ]] && sed 's/^/  | /' "$2" >&2
  exit 1
}

# start NAME ARGUMENTS...: runs Java with a time limit and sets $url to what its line "listening on http://..." says.
start() {
  local name=$1 log=$work/$1.log
  shift
  timeout --kill-after=5 120 "$java" "$@" >"$log" 2>&1 &
  pids+=($!)
  for ((i = 0; i < 150; i++)); do
    url=$(grep -m1 -oE 'listening on http://[^[:space:]]+' "$log" | cut -d' ' -f3 || true)
    if [[ -n $url ]]; then
      url=${url/0.0.0.0/127.0.0.1}
      echo "$name: listening on $url"
      return
    fi
    kill -0 "${pids[-1]}" 2>/dev/null || fail "$name ended before it listened" "$log"
    sleep 0.2
  done
  fail "$name did not listen within 30 s" "$log"
}

# call NAME URL: fails unless the answer is a 200 with a body.
call() {
  local name=$1 status
  status=$(curl -sS --max-time 10 -o "$work/body" -w '%{http_code}' "$2") || fail "$name: no answer from $2" "$work/$name.log"
  [[ $status == 200 && -s $work/body ]] || fail "$name: status $status from $2" "$work/$name.log"
  echo "$name: $status, $(wc -c <"$work/body") bytes"
}

# stop: ends the sample started last; on SIGTERM it must end within 10 s.
stop() {
  local pid=${pids[-1]}
  kill "$pid"
  timeout 10 tail --pid="$pid" -f /dev/null || fail "a sample did not end within 10 s of SIGTERM"
  unset 'pids[-1]'
}

# quiet NAME: a sample prints its own lines, not those of the libraries that it is made of.
quiet() {
  if grep -qE 'INFO|DEBUG|XNIO|JBoss' "$work/$1.log"; then
    fail "$1 prints log lines of libraries" "$work/$1.log"
  fi
}

start quickstart -jar samples/quickstart/target/quickstart.jar --port 0
quickstart=$url
call quickstart "$quickstart/"

# The standalone proxy in front of the quickstart's.
start standalone -jar samples/standalone/target/standalone.jar --listen 127.0.0.1:0 --upstream "$quickstart"
call standalone "$url/"
quiet quickstart
quiet standalone
stop

echo '{"version": 1, "routes": "none"}' >"$work/bad.json"
code=0
timeout 30 "$java" -jar samples/standalone/target/standalone.jar --config "$work/bad.json" --check >"$work/check.log" 2>&1 || code=$?
[[ $code == 2 && -s $work/check.log ]] || fail "standalone --check: exit code $code for a wrong file, expected 2" "$work/check.log"
echo "standalone: --check reports a wrong file"

# The Spring Boot application, its proxy in front of the quickstart's.
start spring-boot -jar samples/spring-boot/target/spring-boot.jar --port=0 --upstream="$quickstart" --show-config
call spring-boot "$url/health"
call spring-boot "$url/api/hello"
for ((i = 0; i < 50; i++)); do
  grep -q '"stripPrefix"' "$work/spring-boot.log" && break
  sleep 0.2
done
grep -q '"stripPrefix"' "$work/spring-boot.log" || fail "spring-boot: --show-config" "$work/spring-boot.log"
stop

stop

# Servers that die and recover behind a proxy: it ends by itself, and its clients must not have noticed.
code=0
timeout --kill-after=5 120 "$java" -jar samples/resilience/target/resilience.jar --act-seconds 2 >"$work/resilience.log" 2>&1 || code=$?
last=$(tail -n 1 "$work/resilience.log")
[[ $code == 0 && $last =~ ^clients\ saw\ [0-9]+\ answers\ and\ 0\ failures$ ]] || fail "resilience: exit code $code" "$work/resilience.log"
quiet resilience
echo "resilience: $last"
echo "samples: all answered"

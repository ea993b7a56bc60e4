#!/usr/bin/env bash
# Listens, and meanwhile casts one spell of each kind. Needs nothing but curl and a running server.
set -euo pipefail

url="${ARCANE_URL:-http://127.0.0.1:8000}"

# POST a JSON body; prints the answer, also when it is a refusal.
cast() {
  printf '\n> POST %s %s\n' "$1" "$2"
  curl --silent --show-error --header 'Content-Type: application/json' --data "$2" \
    --write-out '\n< %{http_code}\n' "$url$1"
}

curl --silent --show-error --fail --output /dev/null "$url/health" || {
  echo "No server at $url: start one with \`cargo xtask run\`." >&2
  exit 1
}

heard="$(mktemp)"
curl --silent --no-buffer "$url/events/stream?recent=0" >"$heard" &
listener=$!
trap 'kill "$listener" 2>/dev/null || true; rm -f "$heard"' EXIT
until grep -q connection "$heard"; do sleep 0.05; done

cast /summon '{"daemon_name":"scribe"}'
cast /summon '{"daemon_name":"scribe"}' # A second time: refused, and everyone sees why.
cast /invoke '{"daemon_name":"scribe","task":"Write a haiku about the sea","parameters":{"lines":3}}'
cast /spell/cast '{"spell":"tell scribe to count to three with pace=-1"}'
cast /spell/parse '{"spell":"sumon claude"}' # Not understood, with suggestions.
cast /events '{"spell_name":"invoke","daemon_name":"builder","metadata":{"task":"make","execution_time":1.25}}'
curl --silent "$url/daemons/active" && echo
cast /banish '{"daemon_name":"scribe"}'

printf '\nWhat a listener heard (and whether it went well):\n\n'
until grep -q '"spell_name":"banish"' "$heard"; do sleep 0.05; done
sed -nE 's/^data: .*"spell_name":"([a-z]+)".*"success":(true|false),"description":"([^"]*)".*/\1 (\2): \3/p' "$heard"

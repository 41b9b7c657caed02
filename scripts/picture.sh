#!/usr/bin/env bash
# Makes docs/src/terminal.svg, the picture in the README, from a real run: the built-in service with a deliberate fault,
# judged by one scenario. Needs bash and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --bin confcall
confcall="$PWD/target/debug/confcall"
port="${PORT:-8080}"
command="confcall run 2021-02/invite-one-pstn --service http://127.0.0.1:$port"

folder="$(mktemp -d)"
"$confcall" serve --listen "$port" --mutant end-context-changed >"$folder/service.log" &
service=$!
trap 'kill "$service" 2>/dev/null; rm -rf "$folder"' EXIT
until grep -qs listening "$folder/service.log"; do
    kill -0 "$service"
    sleep 0.05
done
# The run fails, as it should.
"$confcall" ${command#confcall } --color always >"$folder/run.log" 2>&1 && exit 1
python3 scripts/picture/svg.py "$command" <"$folder/run.log" >docs/src/terminal.svg
echo docs/src/terminal.svg

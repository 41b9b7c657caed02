#!/usr/bin/env bash
# IMAGE PROJECT: runs confcall with the addresses of examples/ci/compose.yaml, and a bot, in two containers of the image.
# Each has a loopback address of its own, so that neither reaches the other at 127.0.0.1. For `unshare --net`, which
# keeps their ports apart from those of the machine.
set -euo pipefail

ip link set lo up
names=(--add-host confcall:127.0.0.2 --add-host bot:127.0.0.3)
bot=$(buildah from "${names[@]}" "$1")
confcall=$(buildah from "${names[@]}" "$1")
program=/usr/local/bin/confcall

coproc BOT { exec buildah run "$bot" -- "$program" serve --bot --listen 0.0.0.0:3978; }
process=$BOT_PID
trap 'kill "$process"' EXIT
read -r -t 60 _ <&"${BOT[0]}"
buildah run --user 1000 --volume "$2:/project" "$confcall" -- "$program" doctor --config confcall-compose.toml
buildah run --user 1000 --volume "$2:/project" "$confcall" -- "$program" run --config confcall-compose.toml

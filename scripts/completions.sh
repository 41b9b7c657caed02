#!/usr/bin/env bash
# Types the beginnings of lines and a tab into bash, zsh and fish, each on a terminal, and checks how the completion
# scripts of confcall complete them. CONFCALL names the binary (default: a debug build). Reports each skipped shell with
# the reason; ends with 1 if a check failed. --install installs missing shells first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if ! need python3 python3; then
    skip "every shell" "python3 types: $lacking"
    exit 0
fi
if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --quiet
    CONFCALL=$PWD/target/debug/confcall
fi
mkdir -p "$folder/bin" "$folder/project/own/page/v1.0@2024-01"
cp scenarios/participant-invite/beta@2021-02/invite-one-pstn-*.json "$folder/project/own/page/v1.0@2024-01"
# Answers the completion scripts, and prints the arguments of any other run.
cat >"$folder/bin/confcall" <<END
#!/bin/sh
[ -z "\$CONFCALL_COMPLETE" ] || exec '$CONFCALL' "\$@"
echo "<\$*>"
END
chmod +x "$folder/bin/confcall"
export PATH=$folder/bin:$PATH
lines=()
expected=()
while IFS='|' read -r line completed; do
    lines+=("confcall $line")
    expected+=("$completed")
done < <(sed -n 's/^# line: //p' "$0")

for shell in bash zsh fish; do
    if ! need "$shell" "$shell"; then
        skip "$shell" "$lacking"
        continue
    fi
    "$CONFCALL" completions "$shell" >"$folder/confcall.$shell"
    (cd "$folder/project" && python3 "$OLDPWD/scripts/completions/type.py" "$shell" "$folder/confcall.$shell" \
        "${lines[@]}" >"$folder/said" 2>"$folder/error") || true
    mapfile -t said <"$folder/said"
    for at in "${!lines[@]}"; do
        if [[ "${said[at]-}" == "${expected[at]}" ]]; then
            ok "$shell: ${lines[at]}"
        else
            fail "$shell: ${lines[at]}: '${said[at]-}' instead of '${expected[at]}': $(cat "$folder/error")"
        fi
    done
done
skip "PowerShell, elvish" "Debian has no package for them"
exit "$failed"

# What is typed after `confcall`, and the arguments after a tab.
#
# line: expl|explain
# line: run addlarge|run addlargegalleryviewoperation-get/beta@2022-05/get-addLargeGalleryViewOperation-1
# line: run addlargegalleryviewoperation-get/beta@2022|run addlargegalleryviewoperation-get/beta@2022-05/get-addLargeGalleryViewOperation-1
# line: list --operation redi|list --operation redirect
# line: list --operation=redi|list --operation=redirect
# line: list --operation invite,redi|list --operation invite,redirect
# line: list --api be|list --api beta
# line: list --locale pt|list --locale pt-BR
# line: --all-ed|--all-editions
# line: run addlargegalleryviewoperation-get/beta@2022-05/get-addLargeGalleryViewOperation-1~thro|run addlargegalleryviewoperation-get/beta@2022-05/get-addLargeGalleryViewOperation-1~throttled
# line: run --inject thro|run --inject throttled
# line: explain request.tok|explain request.token
# line: show addlarge|show addlargegalleryviewoperation-get/beta@2022-05/get-addLargeGalleryViewOperation-1
# line: run --scenarios own pa|run --scenarios own page/v1.0@2024-01/invite-one-pstn-participant-to-an-existing-group-call

#!/usr/bin/env bash
# Makes the packages of npm in the folder OUT from the archives of a release in the folder ARCHIVES. The packages for
# Linux have the static program, which needs no C library of the system.
#
#   scripts/npm.sh ARCHIVES OUT
set -euo pipefail
(($# == 2)) || { echo "usage: $0 ARCHIVES OUT" >&2; exit 2; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
binaries=()
while read -r platform target; do
    mkdir "$folder/$platform"
    case $target in
        *windows*)
            unzip -q "$1/confcall-$target.zip" -d "$folder/$platform"
            binaries+=("$platform=$folder/$platform/confcall.exe")
            ;;
        *)
            tar -xzf "$1/confcall-$target.tar.gz" -C "$folder/$platform" --strip-components 1
            binaries+=("$platform=$folder/$platform/confcall")
            ;;
    esac
done <<'END'
linux-x64 x86_64-unknown-linux-musl
linux-arm64 aarch64-unknown-linux-musl
darwin-x64 x86_64-apple-darwin
darwin-arm64 aarch64-apple-darwin
win32-x64 x86_64-pc-windows-msvc
END
node "$(dirname "$0")/../packages/node/pack.js" "$2" "${binaries[@]}"

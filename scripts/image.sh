#!/usr/bin/env bash
# Makes the container image IMAGE from the static archives of a release in the folder ARCHIVES: a manifest with one
# image for each architecture that has an archive. The certificate roots are those of this machine. Needs buildah.
#
#   scripts/image.sh ARCHIVES IMAGE
set -euo pipefail
(($# == 2)) || { echo "usage: $0 ARCHIVES IMAGE" >&2; exit 2; }

here=$(cd "$(dirname "$0")/.." && pwd)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/home/confcall"
chmod 1777 "$context/home/confcall"
cp /etc/ssl/certs/ca-certificates.crt "$context/roots.pem"
source=$(sed -n 's/^repository = "\(.*\)"$/\1/p' "$here/Cargo.toml")
built=false
for platform in amd64=x86_64 arm64=aarch64; do
    architecture=${platform%=*}
    archive=$1/confcall-${platform#*=}-unknown-linux-musl.tar.gz
    [[ -e $archive ]] || continue
    mkdir "$context/$architecture"
    tar -xzf "$archive" -C "$context/$architecture" --strip-components 1
    buildah build --quiet --platform "linux/$architecture" --build-arg "TARGETARCH=$architecture" \
        --label "org.opencontainers.image.source=$source" \
        --file "$here/packages/container/Containerfile" --manifest "$2" "$context"
    built=true
done
"$built" || { echo "error: $1 has no archive of a musl target" >&2; exit 3; }

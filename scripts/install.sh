#!/bin/sh
# Installs kubectl-psp from a release, after its digest has been compared:
#   curl -fsSL https://github.com/pod-security-policy/pod-security-policy/releases/latest/download/install.sh | sh
# VERSION (v1.2.3) selects a release, DESTINATION a folder; RELEASES is where releases are, for mirrors.
set -eu

RELEASES=${RELEASES:-https://github.com/pod-security-policy/pod-security-policy/releases}
DESTINATION=${DESTINATION:-$HOME/.local/bin}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case "$(uname -s)" in
Linux) os=linux ;;
Darwin) os=darwin ;;
*) fail "$(uname -s) has no archive for this script; releases have a zip file for Windows" ;;
esac
case "$(uname -m)" in
x86_64 | amd64) architecture=amd64 ;;
aarch64 | arm64) architecture=arm64 ;;
*) fail "there is no archive for $(uname -m); cargo install builds it" ;;
esac

if [ -n "${VERSION:-}" ]; then
    base=$RELEASES/download/$VERSION
else
    base=$RELEASES/latest/download
fi
archive=kubectl-psp-$os-$architecture.tar.gz
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

curl --fail --silent --show-error --location --output "$folder/$archive" "$base/$archive" || fail "$base/$archive cannot be downloaded"
curl --fail --silent --show-error --location --output "$folder/SHA256SUMS" "$base/SHA256SUMS" || fail "$base/SHA256SUMS cannot be downloaded"

cd "$folder"
grep "  $archive\$" SHA256SUMS >expected || fail "SHA256SUMS does not name $archive"
if command -v sha256sum >/dev/null; then
    sha256sum --check --status expected || fail "the digest of $archive is not that of SHA256SUMS"
else
    shasum --algorithm 256 --check --status expected || fail "the digest of $archive is not that of SHA256SUMS"
fi
tar -xzf "$archive" kubectl-psp
mkdir -p "$DESTINATION"
install -m 755 kubectl-psp "$DESTINATION/kubectl-psp"
echo "$DESTINATION/kubectl-psp: $("$DESTINATION/kubectl-psp" --version)"
case ":$PATH:" in
*":$DESTINATION:"*) ;;
*) echo "$DESTINATION is not in PATH, which kubectl needs to find it" ;;
esac

#!/usr/bin/env bash
# Checks what the tests need beyond Go. What is missing is installed when this is
# root on Debian (it says what); otherwise it names the packages and fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# One row a need: the path of this repository that needs it (the row counts when
# it is there), the command or file (a pattern) to look for, the Debian package.
needs='
go.mod            gcc                               gcc
go.mod            /usr/include/stdlib.h             libc6-dev
widget/browser    node                              nodejs
widget/browser    npm                               npm
widget/browser    /usr/bin/chromium                 chromium
widget/browser    /usr/bin/firefox-esr              firefox-esr
widget/browser    /usr/bin/WebKitWebDriver          webkit2gtk-driver
widget/browser    /usr/bin/Xvfb                     xvfb
widget            /usr/sbin/nginx                   nginx
widget            /usr/sbin/haproxy                 haproxy
widget            /usr/sbin/apache2                 apache2-bin
widget            /usr/bin/caddy                    caddy
examples          node                              nodejs
examples          /usr/bin/python3                  python3
examples          /usr/lib/python3/dist-packages/jwt           python3-jwt
examples          /usr/lib/python3/dist-packages/cryptography  python3-cryptography
automation/mail   /usr/lib/postfix/sbin/master        postfix
storage/postgres  /usr/lib/postgresql/*/bin/initdb  postgresql
storage/postgres  /usr/sbin/pgbouncer               pgbouncer
broker/nats       /usr/sbin/nats-server             nats-server
'

present() {
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

missing=()
while read -r where what package; do
	if [ -n "$where" ] && [ -e "$where" ] && ! present "$what"; then
		echo "missing: $what (Debian package $package)" >&2
		missing+=("$package")
	fi
done <<<"$needs"
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	die "the tests need these Debian packages: ${missing[*]}"
fi
echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2
apt-get -qq install --yes --no-install-recommends "${missing[@]}" >&2

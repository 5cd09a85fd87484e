#!/bin/sh
# Removes what install.sh installed: `make uninstall`, as root. Configuration, token and readings stay, but for `make uninstall ARGS=--purge`.
set -eu

DESTDIR=${DESTDIR:-}
OPT=$DESTDIR/opt/digitd ETC=$DESTDIR/etc/digitd BIN=$DESTDIR/usr/local/bin/digitd
UNITS=$DESTDIR/etc/systemd/system

fail() {
    echo "uninstall: $*" >&2
    exit 1
}

purge=no
case ${1:-} in
    "") ;;
    --purge) purge=yes ;;
    *) fail "found $1, expected nothing or --purge" ;;
esac
[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || fail "found user $(id -un), expected root. sudo make uninstall"
[ ! -e "$OPT" ] || [ -f "$OPT/pyvenv.cfg" ] || fail "found $OPT without a virtual environment, so it is not ours. Remove it by hand"

if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ] && [ -e "$UNITS/digitd.service" ]; then
    systemctl disable --now digitd
fi
rm -f "$UNITS/digitd.service" "$UNITS/digitd.service.d/picamera2.conf" "$UNITS/digitd.service.d/newer.conf"
# What somebody wrote beside them stays.
rmdir "$UNITS/digitd.service.d" 2>/dev/null || true
if [ "$(readlink "$BIN")" = /opt/digitd/bin/digitd ]; then rm -f "$BIN"; fi
rm -rf "$OPT"
if [ "$purge" = yes ]; then
    rm -rf "$ETC" "$DESTDIR/var/lib/private/digitd" "$DESTDIR/var/lib/digitd"
fi
if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$purge" = no ]; then echo "digitd is removed; /etc/digitd and /var/lib/digitd stay"; else echo "digitd is removed"; fi

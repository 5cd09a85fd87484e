#!/bin/sh
# Installs digitd as a service: `make install`, as root on the Raspberry Pi, from the folder that this file lies in.
#
# A virtual environment in /opt/digitd with what reading needs and no more, the service, a configuration, a token for the web, a folder for
# the readings. Run again it updates the program; configuration, token and readings stay as they are.
#
#   PYTHON=/usr/bin/python3.13   which Python, where there are several
#   DESTDIR=/somewhere           everything below there, nothing outside, and no service is touched
set -eu
umask 022

DESTDIR=${DESTDIR:-}
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
OPT=$DESTDIR/opt/digitd ETC=$DESTDIR/etc/digitd VAR=$DESTDIR/var/lib/digitd BIN=$DESTDIR/usr/local/bin
UNITS=$DESTDIR/etc/systemd/system
FITS='import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

fail() {
    echo "install: $*" >&2
    exit 1
}

[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || fail "found user $(id -un), expected root. sudo make install"

# The system's own Python first: picamera2 from Debian packages is only there.
for python in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
    if "$python" -c "$FITS" 2>/dev/null; then
        found=$python
        break
    fi
done
[ -n "${found:-}" ] || fail "found no Python 3.11 to 3.13 with venv. apt install python3-venv, or PYTHON=/path/to/python3"

if "$found" -c 'import picamera2' 2>/dev/null; then picamera=yes packages=--system-site-packages; else picamera=no packages=; fi
wanted=$([ "$picamera" = yes ] && echo true || echo false)
# One that is there is kept, unless its Python went away with an upgrade of the system.
if ! "$OPT/bin/python" -c 'import pip' 2>/dev/null || ! grep -qx "include-system-site-packages = $wanted" "$OPT/pyvenv.cfg"; then
    echo "making $OPT with $("$found" --version)"
    # shellcheck disable=SC2086
    "$found" -m venv --clear $packages "$OPT"
fi

# A copy, for a build leaves its traces where it is done.
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp -r "$SOURCE/pyproject.toml" "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/edge" "$SOURCE/train" "$SOURCE/convert" "$build/"
echo "installing digitd into $OPT, some minutes the first time"
"$OPT/bin/python" -m pip install --quiet --disable-pip-version-check "$build" || fail "pip failed; what was installed before still is"
rm -rf "$OPT/share/digitd/models"
mkdir -p "$OPT/share/digitd/models"
cp "$SOURCE"/models/*.tflite "$SOURCE"/models/*.onnx "$SOURCE"/models/*.json "$OPT/share/digitd/models/"
mkdir -p "$BIN"
ln -sfn /opt/digitd/bin/digitd "$BIN/digitd"

mkdir -p "$UNITS/digitd.service.d"
install -m 644 "$SOURCE/systemd/digitd.service" "$UNITS/digitd.service"
drop_in() {
    if [ "$2" = yes ]; then install -m 644 "$SOURCE/systemd/$1" "$UNITS/digitd.service.d/$1"; else rm -f "$UNITS/digitd.service.d/$1"; fi
}
drop_in picamera2.conf "$picamera"
version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
drop_in newer.conf "$([ "${version:-0}" -ge 254 ] && echo yes || echo no)"

mkdir -p "$ETC"
if [ ! -e "$ETC/digitd.toml" ]; then
    "$OPT/bin/digitd" config >"$ETC/digitd.toml.new"
    mv "$ETC/digitd.toml.new" "$ETC/digitd.toml"
fi
if [ ! -e "$ETC/token" ]; then
    token=$("$OPT/bin/python" -c 'import secrets; print(secrets.token_urlsafe(32))')
    (umask 077 && echo "$token" >"$ETC/token")
    echo "The token for the web and its API, shown this once; it stands in /etc/digitd/token:"
    echo "    $token"
fi
# systemd gives it to the user of each run, and moves it to where it keeps such folders.
[ -e "$VAR" ] || [ -L "$VAR" ] || install -d -m 700 "$VAR"

if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart digitd
fi
echo "digitd $("$OPT/bin/python" -c 'import edge; print(edge.__version__)') is installed. The first time:"
echo "    edit /etc/digitd/digitd.toml; digitd check-config /etc/digitd/digitd.toml; systemctl enable --now digitd"

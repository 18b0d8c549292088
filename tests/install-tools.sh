#!/usr/bin/env bash
# Installs what some tests need and Node can't bring: a browser, tshark, avahi, coturn. Where it can't, it says what will be
# skipped and goes on; the tests that need the tool then say so themselves.
set -u
wanted=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || wanted+=(chromium)
command -v tshark >/dev/null || wanted+=(tshark)
command -v avahi-browse >/dev/null || wanted+=(avahi-utils)
command -v avahi-daemon >/dev/null || wanted+=(avahi-daemon)
command -v dbus-daemon >/dev/null || wanted+=(dbus)
command -v ip >/dev/null || wanted+=(iproute2)
command -v python3 >/dev/null || wanted+=(python3)
command -v turnserver >/dev/null || wanted+=(coturn)
command -v nft >/dev/null || [ -x /usr/sbin/nft ] || wanted+=(nftables)
command -v openssl >/dev/null || wanted+=(openssl)
command -v openssl >/dev/null || wanted+=(openssl)
[ ${#wanted[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed: ${wanted[*]}. Tests that need them will be skipped and say so."
  echo "To run them: sudo apt-get install ${wanted[*]}"
  exit 0
fi
echo "Installing for the tests: ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if { apt-get update && apt-get install -y --no-install-recommends "${wanted[@]}"; } >"$log" 2>&1; then
  rm -f "$log"
else
  echo "Installing failed (log: $log). Tests that need ${wanted[*]} will be skipped and say so."
fi

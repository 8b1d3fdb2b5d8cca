/**
 * What runs in the guest: process 1 and the script that udhcpc calls when it has an address. Both are busybox ash.
 *
 * The kernel command line says what to do once the network is up. The kernel itself ignores parameters with a dot that belong to no
 * module, so these are ours:
 *
 *   paravirt.do=WORD,WORD…   address | ping | download | shell | poweroff, done in this order; without it: shell
 *   paravirt.url=URL         what `download` fetches
 *
 * Every line that a program may want to read starts with `paravirt:`.
 */

/** Words of `paravirt.do=`. */
export const ACTIONS = ['address', 'ping', 'download', 'shell', 'poweroff'] as const;
export type Action = (typeof ACTIONS)[number];

/** Kernel parameters that ask the guest for `actions`. `url` is for `download`; it may not contain white space. */
export function guestParameters(actions: readonly Action[], url?: string): string {
  return `paravirt.do=${actions.join(',')}${url === undefined ? '' : ` paravirt.url=${url}`}`;
}

/** /init: mounts, loads `modules` (names in load order, files /lib/modules/NAME.ko), brings up the network, obeys `paravirt.do`. */
export function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root TERM=\${TERM:-vt100}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
hostname paravirt

say() { echo "paravirt: $*"; }
uptime_seconds() { cut -d ' ' -f 1 /proc/uptime; }
uptime_hundredths() { uptime_seconds | tr -d .; }
parameter() { tr ' ' '\\n' < /proc/cmdline | sed -n "s/^paravirt\\.$1=//p" | tail -n 1; }

say "init at $(uptime_seconds) s"
for module in ${modules.join(' ')}; do
  insmod "/lib/modules/$module.ko" || say "module $module does not load"
done

ip link set lo up
tries=0
while [ ! -e /sys/class/net/eth0 ] && [ $tries -lt 20 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
if [ -e /sys/class/net/eth0 ]; then
  ip link set eth0 up
  udhcpc -i eth0 -n -q -t 5 -T 2 -s /etc/udhcpc.sh > /dev/null 2>&1 || say "no answer to DHCP"
else
  say "no network card"
fi

address() {
  say "address $(ip -4 -o addr show dev eth0 | sed -n 's/.* inet \\([^ ]*\\).*/\\1/p')"
}

ping_gateway() {
  gateway=$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')
  ping -c 4 -i 0.2 "$gateway" && say "ping $gateway ok" || say "ping failed"
}

download() {
  url=$(parameter url)
  start=$(uptime_hundredths)
  if wget -q -O /tmp/download "$url"; then
    took=$(($(uptime_hundredths) - start))
    [ $took -gt 0 ] || took=1
    bytes=$(wc -c < /tmp/download)
    say "downloaded $bytes bytes, $((bytes / 1024 * 100 / took)) KiB/s, sha256 $(sha256sum < /tmp/download | cut -d ' ' -f 1)"
    rm /tmp/download
  else
    say "download of $url failed"
  fi
}

shell() {
  say "shell; 'exit' powers off"
  cd /root
  setsid cttyhack sh
}

actions=$(parameter do | tr ',' ' ')
for action in \${actions:-address shell}; do
  case $action in
    address) address ;;
    ping) ping_gateway ;;
    download) download ;;
    shell) shell ;;
    poweroff) break ;;
    *) say "paravirt.do: no action $action" ;;
  esac
done
say "off at $(uptime_seconds) s"
poweroff -f
`;
}

/** /etc/udhcpc.sh: udhcpc calls it with `bound` and the lease in the environment. */
export const UDHCPC_SCRIPT = `#!/bin/sh
case $1 in
  bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/\${mask:-24}" dev "$interface"
    for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
    : > /etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
    ;;
esac
exit 0
`;

/**
 * What runs in the guest: process 1, the script that udhcpc calls when it has an address, and what mdev does when a device appears. All of
 * it is busybox.
 *
 * Modules are loaded by MODALIAS alone, as udev would do it: for each device that is there modprobe looks up which module is for it, twice,
 * since a bus finds its devices when its own driver is loaded; then mdev listens to the kernel and does the same for whatever appears.
 *
 * The kernel command line says what to do once the network is up. The kernel itself ignores parameters with a dot that belong to no
 * module, so these are ours:
 *
 *   paravirt.do=WORD,WORD…      address | cards | ping | download | upload | shell | poweroff, in this order; without it: address, shell
 *   paravirt.url=URL            what `download` fetches
 *   paravirt.upload=HOST:PORT   where `upload` sends a line with a number and so many random bytes, and waits for a line in answer
 *   paravirt.upload_size=BYTES  how many, 1 MiB unless told otherwise
 *
 * With several cards each word is done over each of them in turn. Every line that a program may want to read starts with `paravirt:`.
 */

/** Words of `paravirt.do=`. */
export const ACTIONS = ['address', 'cards', 'ping', 'download', 'upload', 'shell', 'poweroff'] as const;
export type Action = (typeof ACTIONS)[number];

/** Kernel parameters that ask the guest for `actions`. `url` is for `download`; it may not contain white space. */
export function guestParameters(actions: readonly Action[], url?: string): string {
  return `paravirt.do=${actions.join(',')}${url === undefined ? '' : ` paravirt.url=${url}`}`;
}

/** /etc/mdev.conf: a device that names its module gets it; nodes in /dev are the kernel's business. */
export const MDEV_CONF = `$MODALIAS=.* 0:0 660 @modprobe -q -b "$MODALIAS"
.* 0:0 660 !
`;

/** /init: mounts, loads modules, brings up the network, obeys `paravirt.do`. */
export const INIT_SCRIPT = `#!/bin/busybox sh
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

known=' '
coldplug() {
  new=
  for alias in $(cat /sys/devices/system/cpu/modalias /sys/bus/*/devices/*/modalias); do
    case $known in
      *" $alias "*) ;;
      *) known="$known$alias " new="$new $alias" ;;
    esac
  done
  [ -z "$new" ] || modprobe -a -q -b $new 2> /dev/null
}
coldplug
coldplug
mdev -df &

# Devices of a virtual bus are announced by the host once a connector to it is there.
settle() {
  seen=
  tries=0
  while read -r now < /sys/kernel/uevent_seqnum && [ "$now" != "$seen" ] && [ $tries -lt 25 ]; do
    seen=$now
    sleep 0.2
    tries=$((tries + 1))
  done
}
for connector in vbus_pcibridge vbus_hypercall; do
  [ ! -d /sys/module/$connector ] || settle
done
coldplug

bring_up() {
  ip link set "$1" up
  tries=0
  while read -r carrier < "/sys/class/net/$1/carrier" && [ "$carrier" != 1 ] && [ $tries -lt 10 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  udhcpc -i "$1" -n -q -t 5 -T 2 -s /etc/udhcpc.sh > /dev/null 2>&1 || say "no answer to DHCP on $1"
}

ip link set lo up
tries=0
while [ ! -e /sys/class/net/eth0 ] && [ $tries -lt 20 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
cards=
for card in /sys/class/net/eth*; do
  [ -e "$card" ] || continue
  cards="$cards \${card##*/}"
  bring_up "\${card##*/}"
done
[ -n "$cards" ] || say "no network card"

# Runs a command for each card, with the way to a host going over that card alone: each may have the same network behind it.
over_each_card() {
  host=$1
  shift
  for card in \${cards:-eth0}; do
    ip route replace "$host" dev "$card" 2> /dev/null
    "$@"
  done
  ip route del "$host" 2> /dev/null
}

address() {
  for card in \${cards:-eth0}; do
    say "address $(ip -4 -o addr show dev "$card" | sed -n 's/.* inet \\([^ ]*\\).*/\\1/p') on $card"
  done
}

show_cards() {
  for card in $cards; do
    net=/sys/class/net/$card
    driver=$(readlink -f $net/device/driver)
    device=$(readlink -f $net/device)
    say "card $card driver=\${driver##*/} device=\${device#/sys} rx_bytes=$(cat $net/statistics/rx_bytes) tx_bytes=$(cat $net/statistics/tx_bytes)"
  done
}

ping_gateway() {
  gateway=$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p' | head -n 1)
  for card in \${cards:-eth0}; do
    ping -c 4 -i 0.2 -I "$card" "$gateway" && say "ping $gateway ok over $card" || say "ping failed over $card"
  done
}

# Of a file that took since $start: bytes, speed, digest, card.
transferred() {
  took=$(($(uptime_hundredths) - start))
  [ $took -gt 0 ] || took=1
  bytes=$(wc -c < "$1")
  echo "$bytes bytes, $((bytes / 1024 * 100 / took)) KiB/s, sha256 $(sha256sum < "$1" | cut -d ' ' -f 1) over $card"
}

download() {
  start=$(uptime_hundredths)
  if wget -q -O /tmp/download "$url"; then
    say "downloaded $(transferred /tmp/download)"
    rm /tmp/download
  else
    say "download of $url failed over $card"
  fi
}

upload() {
  head -c "$size" /dev/urandom > /tmp/upload
  start=$(uptime_hundredths)
  if nc "\${target%:*}" "\${target##*:}" -e sh -c "echo $size; cat /tmp/upload; read -r answer"; then
    say "uploaded $(transferred /tmp/upload)"
  else
    say "upload to $target failed over $card"
  fi
  rm /tmp/upload
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
    cards) show_cards ;;
    ping) ping_gateway ;;
    download)
      url=$(parameter url)
      host=\${url#*://}
      host=\${host%%/*}
      over_each_card "\${host%:*}" download
      ;;
    upload)
      target=$(parameter upload)
      size=$(parameter upload_size)
      size=\${size:-1048576}
      over_each_card "\${target%:*}" upload
      ;;
    shell) shell ;;
    poweroff) break ;;
    *) say "paravirt.do: no action $action" ;;
  esac
done
say "off at $(uptime_seconds) s"
poweroff -f
`;

/** /etc/udhcpc.sh: udhcpc calls it with `bound` and the lease in the environment. The first card has the best default route. */
export const UDHCPC_SCRIPT = `#!/bin/sh
case $1 in
  bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/\${mask:-24}" dev "$interface"
    read -r metric < "/sys/class/net/$interface/ifindex"
    for gateway in $router; do ip route replace default via "$gateway" dev "$interface" metric "$metric"; done
    : > /etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
    ;;
esac
exit 0
`;
